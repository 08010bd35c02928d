"""The body of a PUT of an integration."""

from __future__ import annotations

import contextlib
import copy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.integration import AhaTarget, Authentication, Integration, LinkBack
from shared.domain.integration_input import INTEGRATION_ID, UrlRules, read_integration
from shared.errors import InvalidRequest
from shared.secret import Secret
from tests.unit.examples import API_TOKEN, PAT, an_integration, json_values

URL_RULES = UrlRules("https://dev.azure.com", allow_local=False)
BODY: dict[str, Any] = {
    "name": "Fabrikam web",
    "product_id": "PROD",
    "enabled": True,
    "azure_devops": {
        "account_name": "https://dev.azure.com/fabrikam/",
        "authentication": "pat",
        "personal_access_token": PAT,
        "project": "Fabrikam",
        "area_path": "Fabrikam\\Web",
    },
    "aha": {"url": "https://fabrikam.aha.io/", "api_token": API_TOKEN},
    "feature": {
        "work_item_type": "Feature",
        "status_mapping": {"New": "Under consideration", "Active": "In development"},
    },
    "requirement": {"work_item_type": "User Story", "status_mapping": {"New": "Under consideration"}},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The body with one value set."""
    body = copy.deepcopy(BODY)
    *objects, key = path.split("/")
    target = body
    for name in objects:
        target = target[name]
    target[key] = value
    return body


def read(body: Any, stored: Integration | None = None, url_rules: UrlRules = URL_RULES) -> Integration:
    """The integration that a body describes."""
    return read_integration("fabrikam-web", body, stored, url_rules)[0]


def errors_of(body: Any, stored: Integration | None = None) -> dict[str, str]:
    """The details of a body's errors, by pointer."""
    with pytest.raises(InvalidRequest) as caught:
        read(body, stored)
    return {error.pointer: error.detail for error in caught.value.errors}


def test_a_complete_body_is_the_integration_it_describes() -> None:
    assert read(BODY) == an_integration()


def test_an_integration_may_be_saved_with_only_a_name_and_a_product() -> None:
    integration = read({"name": "Web", "product_id": 7})

    assert integration.product_id == "7"
    assert not integration.enabled
    assert [pointer for pointer, _ in integration.missing()] == [
        "/azure_devops/account_name",
        "/azure_devops/personal_access_token",
        "/azure_devops/project",
        "/azure_devops/area_path",
        "/feature/work_item_type",
        "/requirement/work_item_type",
    ]


def test_enabling_an_incomplete_integration_reports_everything_that_is_missing() -> None:
    assert set(errors_of({"name": "Web", "product_id": "P", "enabled": True})) == {
        "/azure_devops/account_name",
        "/azure_devops/personal_access_token",
        "/azure_devops/project",
        "/azure_devops/area_path",
        "/feature/work_item_type",
        "/requirement/work_item_type",
    }


def test_a_managed_identity_needs_no_token() -> None:
    body = changed("azure_devops/authentication", "entra")
    del body["azure_devops"]["personal_access_token"]

    integration = read(body)

    assert integration.azure_devops.authentication is Authentication.ENTRA
    assert integration.missing() == []


@pytest.mark.parametrize(
    ("keys", "link_back", "integration_id"),
    [
        ({}, LinkBack.FEATURE, ""),
        ({"link_back": None, "integration_id": None}, LinkBack.FEATURE, ""),
        ({"link_back": "all", "integration_id": ""}, LinkBack.ALL, ""),
        (
            {"link_back": "none", "integration_id": "7102368429104850043"},
            LinkBack.NONE,
            "7102368429104850043",
        ),
        ({"integration_id": 204584239}, LinkBack.FEATURE, "204584239"),
    ],
    ids=range(5),
)
def test_a_body_says_which_records_are_linked_back(
    keys: dict[str, Any], link_back: LinkBack, integration_id: str
) -> None:
    aha = read({**BODY, "aha": {**BODY["aha"], **keys}}).aha

    assert (aha.link_back, aha.integration_id) == (link_back, integration_id)


@pytest.mark.parametrize(("value", "auto_update"), [(True, True), (False, False), (None, False)])
def test_a_body_says_whether_changes_in_aha_are_sent(value: bool | None, auto_update: bool) -> None:
    assert read(changed("auto_update", value)).auto_update is auto_update


@pytest.mark.parametrize(
    ("value", "expected"), [("2026-12-10", date(2026, 12, 10)), (" ", None), (None, None)]
)
def test_a_body_may_say_when_the_token_ends(value: str | None, expected: date | None) -> None:
    target = read(changed("azure_devops/token_expires_on", value)).azure_devops

    assert target.token_expires_on == expected


@pytest.mark.parametrize("left_out", [None, "", "  "])
def test_a_body_without_tokens_keeps_the_stored_ones(left_out: str | None) -> None:
    body = changed("azure_devops/personal_access_token", left_out)
    body["aha"]["api_token"] = left_out

    assert read(body, an_integration()) == an_integration()


def test_a_new_token_replaces_the_stored_one() -> None:
    body = changed("azure_devops/personal_access_token", "newer")

    assert read(body, an_integration()).azure_devops.personal_access_token == Secret("newer")


@pytest.mark.parametrize("stored_url", ["https://fabrikam.aha.io", ""])
def test_a_stored_token_is_not_kept_for_another_url(stored_url: str) -> None:
    stored = an_integration(aha=AhaTarget(stored_url, Secret(API_TOKEN)))
    body = changed("aha/url", "https://evil.example")
    del body["aha"]["api_token"]

    assert list(errors_of(body, stored)) == ["/aha/api_token"]


def test_removing_the_url_first_does_not_keep_the_token_for_another_one() -> None:
    without_token = changed("aha/api_token", None)
    emptied = read({**without_token, "aha": {}}, an_integration())
    body = {**without_token, "aha": {"url": "https://evil.example"}}

    assert list(errors_of(body, emptied)) == ["/aha/api_token"]


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("name", "", "/name"),
        ("name", "x" * 201, "/name"),
        ("product_id", None, "/product_id"),
        ("product_id", True, "/product_id"),
        ("enabled", "true", "/enabled"),
        ("rotate_webhook_url", 1, "/rotate_webhook_url"),
        ("azure_devops/account_name", "https://example.com/fabrikam", "/azure_devops/account_name"),
        ("azure_devops/authentication", "basic", "/azure_devops/authentication"),
        ("azure_devops/personal_access_token", "with space", "/azure_devops/personal_access_token"),
        ("azure_devops/personal_access_token", "ключ", "/azure_devops/personal_access_token"),
        ("azure_devops/personal_access_token", "new\nline", "/azure_devops/personal_access_token"),
        ("azure_devops/token_expires_on", "31.12.2026", "/azure_devops/token_expires_on"),
        ("azure_devops/token_expires_on", 20261231, "/azure_devops/token_expires_on"),
        ("azure_devops/project", "x" * 65, "/azure_devops/project"),
        ("aha/url", "http://fabrikam.aha.io", "/aha/url"),
        ("aha/url", "https://fabrikam.aha.io/products", "/aha/url"),
        ("aha/url", "https://me:pw@fabrikam.aha.io", "/aha/url"),
        ("aha/url", "https://fabrikam.aha.io?x=1", "/aha/url"),
        ("aha/url", "https://fabrikam.aha.io:port", "/aha/url"),
        ("aha/url", "https://10.0.0.4", "/aha/url"),
        ("aha/url", "https://[::1]", "/aha/url"),
        ("aha/url", "169.254.169.254", "/aha/url"),
        ("aha/url", "localhost:8082", "/aha/url"),
        ("aha/url", "https://aha.internal.", "/aha/url"),
        ("aha/url", "https://aha", "/aha/url"),
        ("aha/url", "https://[", "/aha/url"),
        ("feature/status_mapping", ["New"], "/feature/status_mapping"),
        ("feature/status_mapping", {"New": []}, "/feature/status_mapping/New"),
        ("feature/status_mapping", {"In/Out": 1.5}, "/feature/status_mapping/In~1Out"),
        ("feature/status_mapping", {" ": "Done"}, "/feature/status_mapping/ "),
        ("feature/status_mapping", {str(n): "Done" for n in range(201)}, "/feature/status_mapping/"),
        ("requirement/default_fields", {"Team": "Web"}, "/requirement/default_fields/Team"),
        ("requirement/default_fields", {"Custom.Team": []}, "/requirement/default_fields/Custom.Team"),
        ("requirement/default_fields", {"System.Title": "x"}, "/requirement/default_fields/System.Title"),
        ("requirement/default_fields", {"system.rev": 1}, "/requirement/default_fields/system.rev"),
        ("requirement/default_fields", {"Custom.A": "x" * 4001}, "/requirement/default_fields/Custom.A"),
        ("requirement/default_fields", {"Custom.A/rev": 1}, "/requirement/default_fields/Custom.A~1rev"),
        ("feature/default_fields", {"System.description": "x"}, "/feature/default_fields/System.description"),
        ("feature/description_field", "System.Title", "/feature/description_field"),
        ("feature/description_field", "Custom.Story", "/feature/description_field"),
        ("requirement/description_field", 7, "/requirement/description_field"),
        ("requirement/description_field", ["System.Description"], "/requirement/description_field"),
        ("auto_update", "yes", "/auto_update"),
        ("aha/link_back", "epics", "/aha/link_back"),
        ("aha/link_back", True, "/aha/link_back"),
        ("aha/integration_id", "../me", "/aha/integration_id"),
        ("aha/integration_id", "1" * 31, "/aha/integration_id"),
        ("aha/integration_id", -3, "/aha/integration_id"),
        ("aha/integration_id", ["7102368429104850043"], "/aha/integration_id"),
    ],
    ids=range(49),
)
def test_an_error_has_the_pointer_of_the_wrong_value(path: str, value: Any, pointer: str) -> None:
    assert list(errors_of(changed(path, value))) == [pointer]


@pytest.mark.parametrize("name", ["   ", None, 7, "half \ud83d surrogate"], ids=range(4))
def test_a_name_is_a_text(name: Any) -> None:
    assert list(errors_of(changed("name", name))) == ["/name"]


@pytest.mark.parametrize("product_id", ["", " ", 1.5, [], 10**300, "x" * 256], ids=range(6))
def test_a_product_is_a_text_or_a_whole_number(product_id: Any) -> None:
    assert list(errors_of(changed("product_id", product_id))) == ["/product_id"]


def test_an_aha_account_is_taken_as_people_write_it() -> None:
    assert read(changed("aha/url", "fabrikam.aha.io")).aha.url == "https://fabrikam.aha.io"
    assert read(changed("aha/url", "https://fabrikam.aha.io/")).aha.url == "https://fabrikam.aha.io"


def test_a_local_aha_is_taken_where_that_is_allowed() -> None:
    rules = replace(URL_RULES, allow_local=True)

    assert (
        read(changed("aha/url", "http://127.0.0.1:8082"), url_rules=rules).aha.url == "http://127.0.0.1:8082"
    )


@pytest.mark.parametrize(
    "url",
    [
        "ftp://fabrikam.aha.io",
        "not an address",
        "fabrikam.aha.io\n.example",
        "f@brikam.aha.io",
        "https://",
        "aha.io/api",
    ],
)
def test_an_aha_account_is_an_https_address_without_a_path(url: str) -> None:
    assert list(errors_of(changed("aha/url", url))) == ["/aha/url"]


@pytest.mark.parametrize("part", ["azure_devops", "aha", "feature", "requirement"])
def test_a_part_is_an_object(part: str) -> None:
    values: list[Any] = [[], "text", 3, True]
    for value in values:
        found = errors_of({"name": "Web", "product_id": "P", part: value})
        assert found == {f"/{part}": "must be an object"}, value


def test_an_error_detail_has_no_token() -> None:
    for token in (f"{PAT} {PAT}", PAT * 400):
        errors = errors_of(changed("azure_devops/personal_access_token", token))

        assert PAT not in str(errors)


def test_a_state_with_an_empty_value_is_not_mapped() -> None:
    integration = read(changed("feature/status_mapping", {"New": "", "Active": None, "Closed": 55}))

    assert integration.feature.status_mapping == {"Closed": "55"}


def test_default_fields_keep_their_types() -> None:
    fields = {"Custom.Team": "Web", "Custom.Points": 3, "Custom.Share": 0.5, "Custom.Checked": False}

    assert read(changed("feature/default_fields", fields)).feature.default_fields == fields


def test_a_field_for_descriptions_may_be_chosen() -> None:
    chosen = read(changed("requirement/description_field", "Microsoft.VSTS.TCM.ReproSteps"))

    assert chosen.description_field("User Story") == "Microsoft.VSTS.TCM.ReproSteps"
    assert chosen.description_field("Feature") == "System.Description"


@pytest.mark.parametrize("left_out", [None, "", "  "])
def test_without_a_chosen_field_the_type_decides(left_out: str | None) -> None:
    assert read(changed("requirement/description_field", left_out)) == an_integration()


def test_one_type_has_one_field_for_descriptions() -> None:
    body = changed("feature/description_field", "System.Description")
    body["feature"]["work_item_type"] = "user story"
    body["requirement"]["description_field"] = "Microsoft.VSTS.TCM.ReproSteps"

    assert list(errors_of(body)) == ["/requirement/description_field"]


@pytest.mark.parametrize(
    ("chosen", "refused", "taken"),
    [
        ("", "Microsoft.VSTS.TCM.ReproSteps", "System.Description"),
        ("System.Description", "System.Description", "Microsoft.VSTS.TCM.ReproSteps"),
        ("Microsoft.VSTS.TCM.ReproSteps", "microsoft.vsts.tcm.reprosteps", "System.Description"),
    ],
)
def test_the_field_for_descriptions_takes_no_default(chosen: str, refused: str, taken: str) -> None:
    mapping = {"work_item_type": "Bug", "description_field": chosen}

    assert list(errors_of(changed("feature", {**mapping, "default_fields": {refused: "x"}}))) == [
        f"/feature/default_fields/{refused}"
    ]
    assert read(changed("feature", {**mapping, "default_fields": {taken: "x"}})).feature.default_fields


def test_http_is_allowed_only_locally() -> None:
    local = UrlRules("http://127.0.0.1:8081", allow_local=True)
    body = changed("aha/url", "http://127.0.0.1:8082")
    body["azure_devops"]["account_name"] = "http://127.0.0.1:8081/fabrikam"

    integration = read(body, url_rules=local)

    assert integration.aha.url == "http://127.0.0.1:8082"
    assert integration.azure_devops.account_name == "fabrikam"


def test_a_body_may_ask_for_a_new_webhook_url() -> None:
    assert read_integration("web", {**BODY, "rotate_webhook_url": True}, None, URL_RULES)[1] is True
    assert read_integration("web", BODY, None, URL_RULES)[1] is False


@given(
    json_values(
        st.sampled_from([*BODY, *BODY["azure_devops"], *BODY["aha"], *BODY["feature"], "default_fields"])
    )
)
def test_no_json_raises_another_error(body: Any) -> None:
    with contextlib.suppress(InvalidRequest):
        read(body, an_integration())


@given(st.text(max_size=80))
def test_an_integrations_id_is_a_plain_path_segment(text: str) -> None:
    if INTEGRATION_ID.fullmatch(text):
        assert 1 <= len(text) <= 64
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
