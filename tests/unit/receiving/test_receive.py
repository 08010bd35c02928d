"""Whether a call of a webhook URL is authentic."""

from __future__ import annotations

import pytest

from shared.domain.integration import StoredIntegration
from shared.errors import IntegrationNotFound
from shared.receiving.receive import WebhookGone, authenticated
from shared.storage.integrations import DeletedIntegration
from tests.unit.examples import NOON, an_integration

STORED = StoredIntegration(an_integration(), NOON, NOON, "v1", "generation-1")
DELETED = DeletedIntegration("fabrikam-web", "generation-1", "v1", is_purged=True, deleted_at=NOON)


def test_the_right_token_leads_to_the_integration() -> None:
    assert authenticated(STORED, is_right=True) is STORED


@pytest.mark.parametrize("found", [STORED, DELETED, None], ids=["stored", "deleted", "none"])
def test_a_wrong_token_does_not_tell_whether_there_is_such_an_integration(
    found: StoredIntegration | DeletedIntegration | None,
) -> None:
    with pytest.raises(IntegrationNotFound) as caught:
        authenticated(found, is_right=False)

    assert type(caught.value) is IntegrationNotFound
    assert caught.value.detail == "This webhook URL is not valid. Copy it again from the integration."


def test_a_token_of_nothing_is_wrong() -> None:
    with pytest.raises(IntegrationNotFound):
        authenticated(None, is_right=True)


def test_the_right_token_of_a_deleted_integration_is_gone() -> None:
    with pytest.raises(WebhookGone) as caught:
        authenticated(DELETED, is_right=True)

    assert caught.value.detail == "The integration of this webhook URL was deleted."
