"""The limits of an Aha! account: the app slows down before Aha! refuses a request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.sending_scene import Scene

REQUIREMENTS = 40


@pytest.fixture
def limited(scene: Scene) -> Iterator[Scene]:
    """A feature with more records than Aha! allows requests a second; each gets its link written back."""
    for number in range(1, REQUIREMENTS + 1):
        body = {"requirement": {"name": f"Requirement {number}"}}
        assert scene.aha.post("/features/PROD-2/requirements", body).ok
    scene.configure(aha={**scene.integration.body["aha"], "link_back": "all"})
    scene.aha.limit_requests(per_second=20, per_minute=300)
    yield scene
    # The host remembers that this account has limits.
    scene.system.restart_host()


def test_a_send_makes_no_more_requests_a_second_than_aha_allows(limited: Scene) -> None:
    sent = limited.send_reference("PROD-2")

    assert (sent.status, len(sent.records)) == (201, 1 + REQUIREMENTS)
    assert limited.log("link-back.failed") == []
    records = {one["reference_num"]: one for one in limited.aha.records()}
    assert all(records[part["reference_num"]]["integration_fields"] for part in sent.records)
    # The requests that ran before the first answer named a limit are not counted.
    refused = [one["status"] for one in limited.aha.requests()].count(429)
    assert refused < REQUIREMENTS / 8, refused
