"""Sends on bad days: a clear answer, nothing half-written, and what the log says to do."""

from __future__ import annotations

import pytest

from local.system import READ_TOKEN, WRITE_TOKEN
from tests.e2e.sending_payloads import Json, feature, requirement, requirements
from tests.e2e.sending_scene import A_WRITE, TITLE, Scene

EXPIRED_TOKEN = "sandbox-expired-token"
FORBIDDEN_TOKEN = "sandbox-forbidden-token"
EVERY_WORK_ITEM = r"\$batch|/workitems/|/workitemsbatch|/wiql"


def with_token(scene: Scene, token: str) -> None:
    """Another personal access token is saved in the integration."""
    target = scene.integration.body["azure_devops"] | {"personal_access_token": token}
    assert scene.configure(azure_devops=target).status_code == 200


def test_a_disabled_integration_sends_nothing(scene: Scene) -> None:
    scene.configure(enabled=False)

    answer = scene.send(feature()).response

    assert (answer.status_code, answer.json()["code"]) == (409, "integration_disabled")
    assert scene.requests() == []


@pytest.mark.parametrize("missing", ["project", "area_path", "account_name"])
def test_an_incomplete_integration_says_what_is_missing(scene: Scene, missing: str) -> None:
    target = scene.integration.body["azure_devops"] | {missing: ""}
    assert scene.configure(enabled=False, azure_devops=target).status_code == 200

    answer = scene.send(feature()).response

    assert (answer.status_code, answer.json()["code"]) == (409, "integration_incomplete")
    assert {"project": "project", "area_path": "area", "account_name": "account"}[missing] in answer.json()[
        "detail"
    ]
    assert scene.requests() == []


def test_an_unknown_integration_is_not_found(scene: Scene) -> None:
    answer = scene.api.send("nowhere", {"feature": feature()})

    assert (answer.status_code, answer.json()["code"]) == (404, "integration_not_found")


@pytest.mark.parametrize(
    ("token", "code", "word"),
    [
        ("wrong", "azure_devops_credentials_rejected", "token"),
        (EXPIRED_TOKEN, "azure_devops_credentials_rejected", "expired"),
        (READ_TOKEN, "azure_devops_credentials_rejected", "Work Items (Read & write)"),
        (FORBIDDEN_TOKEN, "azure_devops_forbidden", "Edit work items in this node"),
    ],
)
def test_a_refused_token_is_refused_once_and_the_answer_tells_the_remedy(
    scene: Scene, token: str, code: str, word: str
) -> None:
    with_token(scene, token)
    payload = feature(requirements=requirements(3))

    answer = scene.send(payload).response

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert word in answer.json()["detail"]
    assert token not in answer.text
    assert scene.items() == {}
    assert scene.claims() == []
    with_token(scene, WRITE_TOKEN)
    assert scene.send(payload).actions == ["created"] * 4
    scene.assert_one_each(payload)


def test_a_token_that_was_refused_is_not_tried_again_within_the_send(scene: Scene) -> None:
    with_token(scene, "wrong")

    scene.send(feature(requirements=requirements(3)))

    assert len(scene.requests()) == 1


def test_a_token_that_ends_between_reading_and_writing_leaves_every_record_as_it_was(scene: Scene) -> None:
    payload = feature(requirements=requirements(2))
    ids = scene.send(payload).ids
    page = "<!DOCTYPE html><html><body>Sign in</body></html>"
    scene.azure_devops.add_fault(
        path=A_WRITE, status=203, body=page, headers={"Content-Type": "text/html"}, times=None
    )

    payload["requirements"][0]["name"] = "Named anew"
    payload["requirements"].append(requirement("New"))
    sent = scene.send(payload, "update_feature")

    assert (sent.status, sent.actions) == (207, ["unchanged", "failed", "unchanged", "failed"])
    assert sent.requirements[0]["error"]["code"] == "azure_devops_credentials_rejected"
    assert len(scene.writes()) == 1
    assert scene.value(ids[1], TITLE) == "Requirement 1"
    scene.azure_devops.clear_faults()
    assert scene.send(payload).actions == ["unchanged", "updated", "unchanged", "created"]
    scene.assert_one_each(payload)


def test_an_area_that_the_token_may_not_write_to_is_named(scene: Scene) -> None:
    target = scene.integration.body["azure_devops"] | {"area_path": "Fabrikam\\Secret"}
    scene.configure(azure_devops=target)

    answer = scene.send(feature()).response

    assert (answer.status_code, answer.json()["code"]) == (422, "azure_devops_forbidden")
    assert "area" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"project": "Nowhere"}, "azure_devops_not_found"),
        ({"account_name": "nowhere"}, "azure_devops_not_found"),
        ({"area_path": "Fabrikam\\Nowhere"}, "azure_devops_rule_violation"),
    ],
)
def test_a_project_an_account_or_an_area_that_is_gone_is_named(scene: Scene, change: Json, code: str) -> None:
    scene.configure(azure_devops=scene.integration.body["azure_devops"] | change)

    answer = scene.send(feature(requirements=requirements(2))).response

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    (name,) = change.values()
    words = {"project": "project", "account_name": "organization", "area_path": "area"}
    assert words[next(iter(change))] in answer.json()["detail"].lower(), name
    # A page instead of an answer does not prove that nothing was created, so the claims stay for the next send.
    assert bool(scene.claims()) is ("account_name" in change)


def test_a_type_that_is_gone_is_named(scene: Scene) -> None:
    scene.configure(requirement=scene.integration.body["requirement"] | {"work_item_type": "Saga"})

    sent = scene.send(feature(requirements=requirements(2)))

    assert (sent.status, sent.actions) == (207, ["created", "failed", "failed"])
    assert "type" in sent.requirements[0]["error"]["detail"]


def test_azure_devops_down_is_told_as_such_and_the_next_send_goes_on(scene: Scene) -> None:
    scene.azure_devops.add_fault(path=EVERY_WORK_ITEM, status=503, times=None)
    payload = feature(requirements=requirements(2))

    sent = scene.send(payload)

    assert sent.status in (202, 503)
    assert int(sent.response.headers["retry-after"]) > 0
    scene.azure_devops.clear_faults()
    scene.give_claims_up()
    again = scene.send(payload)
    assert (again.status, again.actions) == (201, ["created"] * 3)
    scene.assert_one_each(payload)


def test_azure_devops_that_cannot_be_reached_is_told_as_such(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    scene.system.azure_devops.stop()
    answer = scene.api.send(scene.integration.id, {"feature": payload})
    scene.system.azure_devops.start()

    assert (answer.status_code, answer.json()["code"]) == (503, "azure_devops_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert scene.claims() == []
    assert scene.send(payload).actions == ["created"] * 2
    scene.assert_one_each(payload)


@pytest.mark.parametrize("seconds", ["1"])
def test_throttling_is_waited_out_for_as_long_as_azure_devops_asks(scene: Scene, seconds: str) -> None:
    body = {"message": "TF400733: The request has been canceled: Request was blocked due to exceeding usage."}
    scene.azure_devops.add_fault(path=r"\$batch", status=429, headers={"Retry-After": seconds}, body=body)
    payload = feature(requirements=requirements(2))

    sent = scene.send(payload)

    assert (sent.status, sent.actions) == (201, ["created"] * 3)
    refused, accepted = scene.requests()
    assert accepted["started_at"] - refused["ended_at"] >= int(seconds)
    assert sent.body["azure_devops_requests"] == 2
    scene.assert_one_each(payload)


def test_a_request_to_slow_down_on_a_successful_answer_is_honoured(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    scene.send(payload)
    scene.azure_devops.control("PUT", "/throttle", {"retry_after": 1, "remaining": 0, "limit": 200})

    payload["name"] = "Named anew"
    sent = scene.send(payload, "update_feature")

    scene.azure_devops.control("PUT", "/throttle", {})
    assert sent.actions == ["updated", "unchanged"]
    read, write = scene.requests()
    assert write["started_at"] - read["ended_at"] >= 1


def test_storage_down_is_told_as_such_before_anything_is_created(scene: Scene) -> None:
    payload = feature(requirements=requirements(1))
    scene.system.storage.stop()
    answer = scene.api.send(scene.integration.id, {"feature": payload})
    scene.system.storage.start()

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert scene.items() == {}
    assert scene.send(payload).actions == ["created"] * 2


def test_aha_being_down_does_not_stop_a_send_without_attachments(scene: Scene) -> None:
    scene.aha.add_fault(status=503, times=None)

    assert scene.send(feature()).status == 201


def test_no_secret_is_in_any_answer_or_log(scene: Scene) -> None:
    with_token(scene, "wrong-token-of-this-test")
    answer = scene.send(scene.aha.event("PROD-1")["feature"]).response
    scene.configure()
    scene.send(scene.aha.event("PROD-1")["feature"])

    written = answer.text + "".join(str(entry) for entry in scene.log())
    token_in_url = scene.aha.event("PROD-1")["feature"]["attachments"][0]["download_url"].split("/token/")[1][
        :20
    ]
    webhook_token = scene.integration.webhook_url.rpartition("/")[2]
    for secret in ("wrong-token-of-this-test", WRITE_TOKEN, "sandbox-aha-token", token_in_url, webhook_token):
        assert secret not in written
