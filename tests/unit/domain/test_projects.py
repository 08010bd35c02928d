"""Finding a project among those of an organization."""

from __future__ import annotations

import pytest

from shared.domain.projects import is_named, project_named
from shared.errors import NotFound

FABRIKAM = {"id": "0f1e2d3c-0000-0000-0000-000000000001", "name": "Fabrikam"}
SCRUM = {"id": "0f1e2d3c-0000-0000-0000-000000000002", "name": "Fabrikam Scrum"}


@pytest.mark.parametrize("wanted", ["Fabrikam Scrum", "FABRIKAM scrum", SCRUM["id"], SCRUM["id"].upper()])
def test_a_project_is_found_by_name_or_id_in_any_case(wanted: str) -> None:
    assert project_named([FABRIKAM, SCRUM], wanted) == SCRUM


@pytest.mark.parametrize("wanted", ["Fabri", "Fabrikam  Scrum", ""])
def test_a_part_of_a_name_is_not_enough(wanted: str) -> None:
    assert not is_named(SCRUM, wanted)
    with pytest.raises(NotFound, match="does not exist, or the token's user cannot see it"):
        project_named([FABRIKAM, SCRUM], wanted)
