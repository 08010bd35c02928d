"""The body of a request that links."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import InvalidRequest
from shared.features.linking import read_link_body


@pytest.mark.parametrize("number", [1, 174, 2**31 - 1])
def test_a_body_names_a_work_item(number: int) -> None:
    assert read_link_body({"work_item_id": number}) == number


@pytest.mark.parametrize(
    "number", [0, -1, 2**31, 1.5, True, "174", None, [174]], ids=lambda value: repr(value)
)
def test_what_is_no_id_of_a_work_item_is_refused(number: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_link_body({"work_item_id": number})

    assert {error.pointer for error in caught.value.errors} == {"/work_item_id"}
