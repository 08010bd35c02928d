"""An integration in an answer, and its entity tag."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from shared.api.integrations import check_precondition, etag_of, integration_as_json
from shared.domain.integration import AhaTarget, AzureDevOpsTarget, RecordMapping, StoredIntegration
from shared.errors import PreconditionFailed
from tests.unit.examples import API_TOKEN, PAT, an_integration

URL = "https://app.example.com/api/webhooks/fabrikam-web/token"
STORED = StoredIntegration(
    integration=an_integration(),
    created_at=datetime(2025, 4, 3, 17, 39, 27, 658_999, timezone.utc),
    updated_at=datetime(2025, 4, 4, 1, 0, tzinfo=timezone(timedelta(hours=2))),
    version="W/\"datetime'2025-04-04'\"",
    webhook_generation="1",
)


def test_an_answer_shows_the_whole_configuration() -> None:
    integration = replace(
        an_integration(), feature=RecordMapping("Feature", {"New": "Open"}, {"Custom.Team": "Web"})
    )

    assert integration_as_json(replace(STORED, integration=integration), URL) == {
        "integration_id": "fabrikam-web",
        "name": "Fabrikam web",
        "product_id": "PROD",
        "enabled": True,
        "auto_update": False,
        "azure_devops": {
            "account_name": "fabrikam",
            "authentication": "pat",
            "personal_access_token_set": True,
            "project": "Fabrikam",
            "area_path": "Fabrikam\\Web",
        },
        "aha": {"url": "https://fabrikam.aha.io", "api_token_set": True, "link_back": "feature"},
        "feature": {
            "work_item_type": "Feature",
            "status_mapping": {"New": "Open"},
            "default_fields": {"Custom.Team": "Web"},
        },
        "requirement": {
            "work_item_type": "User Story",
            "status_mapping": {"New": "Under consideration"},
            "default_fields": {},
        },
        "webhook_url": URL,
        "created_at": "2025-04-03T17:39:27.658Z",
        "updated_at": "2025-04-03T23:00:00.000Z",
    }


def test_an_answer_shows_only_whether_tokens_are_stored() -> None:
    without = replace(an_integration(), azure_devops=AzureDevOpsTarget(), aha=AhaTarget())
    body = integration_as_json(replace(STORED, integration=without), URL)

    assert body["azure_devops"]["personal_access_token_set"] is False
    assert body["aha"]["api_token_set"] is False
    for token in (PAT, API_TOKEN):
        assert token not in json.dumps(integration_as_json(STORED, URL))


def test_the_last_day_of_a_token_is_shown_if_it_was_given() -> None:
    target = replace(STORED.integration.azure_devops, token_expires_on=date(2026, 12, 10))
    stored = replace(STORED, integration=replace(STORED.integration, azure_devops=target))

    assert integration_as_json(stored, URL)["azure_devops"]["token_expires_on"] == "2026-12-10"


def test_an_entity_tag_is_strong_and_differs_between_versions() -> None:
    tag = etag_of(STORED)

    assert tag.startswith('"')
    assert tag.endswith('"')
    assert tag == etag_of(replace(STORED, webhook_generation="2"))
    assert tag != etag_of(replace(STORED, version="other"))


@pytest.mark.parametrize("if_match", [None, "", "*", etag_of(STORED), f'"other", {etag_of(STORED)}'])
def test_a_matching_or_missing_if_match_allows_the_change(if_match: str | None) -> None:
    check_precondition(STORED, if_match)


@pytest.mark.parametrize("if_match", ['"other"', f"W/{etag_of(STORED)}", etag_of(STORED).strip('"')])
def test_another_if_match_refuses_the_change(if_match: str) -> None:
    with pytest.raises(PreconditionFailed):
        check_precondition(STORED, if_match)


@pytest.mark.parametrize("if_match", ["*", etag_of(STORED)])
def test_if_match_never_matches_an_integration_that_does_not_exist(if_match: str) -> None:
    with pytest.raises(PreconditionFailed):
        check_precondition(None, if_match)


def test_without_if_match_an_integration_may_be_created() -> None:
    check_precondition(None, None)
