"""Route templates alone, without a server."""

from __future__ import annotations

import pytest

from local.function_host.routes import Route, RouteError


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("items/{id}", "items/7", {"id": "7"}),
        ("items/{id}", "ITEMS/Seven", {"id": "Seven"}),
        ("items/{id}", "items", None),
        ("items/{id}", "items/", None),
        ("items/{id}", "items/7/more", None),
        ("items/{id}", "items/7/", {"id": "7"}),
        ("items/{id?}", "items", {}),
        ("items/{id?}", "items/7", {"id": "7"}),
        ("paint/{color=red}", "paint", {"color": "red"}),
        ("paint/{color=red}", "paint/blue", {"color": "blue"}),
        ("files/{*path}", "files/a/b/c", {"path": "a/b/c"}),
        ("files/{*path}", "files", {}),
        ("files/{**path}", "files/a/b", {"path": "a/b"}),
        ("{name}.{extension}", "photo.png", {"name": "photo", "extension": "png"}),
        ("v{version}/items", "v2/items", {"version": "2"}),
        ("a.b", "aXb", None),
    ],
)
def test_a_path_gives_the_parameters_or_does_not_match(
    template: str, path: str, expected: dict[str, str] | None
) -> None:
    assert Route(template).match(path) == expected


@pytest.mark.parametrize(
    ("constraint", "fits", "does_not_fit"),
    [
        ("int", ["0", "-7", "2147483647"], ["x", "1.5", "2147483648"]),
        ("long", ["2147483648", "-9223372036854775808"], ["9223372036854775808", "x"]),
        ("bool", ["true", "FALSE"], ["yes", "1"]),
        ("guid", ["0b1f6d34-9f0a-4a3e-9e75-4c0b3d8c6f21"], ["0b1f6d34", "x"]),
        ("alpha", ["abc", "ABC"], ["ab1", "é"]),
        ("double", ["1.5", "-2", "1e3"], ["one", "1,5"]),
        ("length(3)", ["abc"], ["ab", "abcd"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("min(18)", ["18"], ["17", "x"]),
        ("max(18)", ["18"], ["19"]),
        ("range(18,120)", ["18", "120"], ["17", "121"]),
        ("regex(^a{{2}}$)", ["aa", "AA"], ["a", "aab"]),
        ("int:min(5)", ["5"], ["4", "x"]),
    ],
)
def test_a_constraint_decides_whether_the_route_matches(
    constraint: str, fits: list[str], does_not_fit: list[str]
) -> None:
    route = Route(f"items/{{id:{constraint}}}")
    for value in fits:
        assert route.match(f"items/{value}") == {"id": value}
    for value in does_not_fit:
        assert route.match(f"items/{value}") is None


def test_a_constraint_on_an_optional_parameter_says_nothing_about_its_absence() -> None:
    assert Route("items/{id:int?}").match("items") == {}
    assert Route("items/{id:int?}").match("items/x") is None


@pytest.mark.parametrize(
    "template",
    [
        "a//b",
        "items/{id:prime}",
        "items/{id",
        "{a}/{A}",
        "{*rest}/more",
        "x{id?}",
        "{id=1?}",
        "items/{id:min(x)}",
    ],
)
def test_a_template_that_the_platform_would_refuse_is_refused(template: str) -> None:
    with pytest.raises(RouteError):
        Route(template)
