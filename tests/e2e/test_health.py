"""The health of an integration: what went wrong, and whether it is over."""

from __future__ import annotations

from local.system import LocalSystem
from tests.e2e.configuration_bodies import changed
from tests.e2e.configuration_hosts import further_host
from tests.e2e.reconciling import reconcile
from tests.e2e.sending_payloads import Json, feature, requirement
from tests.e2e.sending_scene import Scene
from tests.e2e.system import Api, IntegrationUnderTest
from tests.storage.relay import FaultyStorage

EXPIRED = {"/azure_devops/personal_access_token": "sandbox-expired-token"}
TOKEN = "azure_devops_credentials_rejected"
TOO_LONG = "x" * 1_200_000


def health_of(api: Api, integration: IntegrationUnderTest) -> Json:
    """The health as both answers have it."""
    answer = api.get(f"/integrations/{integration.id}")
    assert answer.status_code == 200, answer.text
    health: Json = answer.json()["health"]
    listed = api.get("/integrations").json()["integrations"]
    assert [one["health"] for one in listed if one["integration_id"] == integration.id] == [health]
    return health


def open_problems(scene: Scene) -> dict[str, list[str]]:
    """The records of each open problem, by its code."""
    health = health_of(scene.api, scene.integration)
    return {problem["code"]: problem["records"] for problem in health["open_problems"]}


def expire_token(scene: Scene) -> None:
    scene.api.put_integration(scene.integration.id, changed(scene.integration.body, EXPIRED))


def repair_token(scene: Scene) -> None:
    scene.api.put_integration(scene.integration.id, scene.integration.body)


def test_an_integration_of_which_nothing_is_known_is_well(
    api: Api, integration: IntegrationUnderTest
) -> None:
    assert health_of(api, integration) == {
        "last_sent_at": None,
        "last_received_at": None,
        "last_error": None,
        "open_problems": [],
    }


def test_health_says_when_something_was_sent_and_received_last(scene: Scene) -> None:
    number = scene.send(scene.aha.event("PROD-1")["feature"]).ids[0]
    after_send = health_of(scene.api, scene.integration)
    scene.edit(number, title="Pay by any card")
    scene.deliver()

    health = health_of(scene.api, scene.integration)

    assert after_send["last_sent_at"] is not None
    assert after_send["last_received_at"] is None
    assert health["last_sent_at"] == after_send["last_sent_at"]
    assert health["last_received_at"] > health["last_sent_at"]
    assert health["open_problems"] == []


def test_a_refused_token_is_a_problem_until_a_send_succeeds(scene: Scene) -> None:
    expire_token(scene)
    failed = scene.send(scene.aha.event("PROD-1")["feature"])
    assert failed.status == 422

    health = health_of(scene.api, scene.integration)
    [problem] = health["open_problems"]
    error = {key: value for key, value in problem.items() if key != "records"}
    assert problem["code"] == TOKEN
    assert "PROD-1" in problem["records"]
    assert problem["operation_id"] == failed.response.headers["x-operation-id"]
    assert "expired" in problem["detail"]
    assert health["last_error"] == error

    repair_token(scene)
    assert set(open_problems(scene)) == {TOKEN}

    assert scene.send(scene.aha.event("PROD-2")["feature"]).status == 201
    assert open_problems(scene) == {}
    assert health_of(scene.api, scene.integration)["last_error"] == error


def test_a_refused_token_is_over_once_a_test_of_the_stored_token_succeeded(scene: Scene) -> None:
    expire_token(scene)
    scene.send(scene.aha.event("PROD-1")["feature"])
    # A token that is not saved says nothing of the one that is.
    token = scene.integration.body["azure_devops"]["personal_access_token"]
    unsaved = {"account_name": "fabrikam", "personal_access_token": token}
    assert scene.api.post("/test-connection", unsaved).status_code == 200
    assert set(open_problems(scene)) == {TOKEN}

    repair_token(scene)
    assert scene.api.post("/test-connection", {"integration_id": scene.integration.id}).status_code == 200

    assert open_problems(scene) == {}


def test_a_record_is_a_problem_until_it_went_through(scene: Scene) -> None:
    bad = requirement("Bad", TOO_LONG)
    payload = feature(requirements=[requirement("Good"), bad])
    assert scene.send(payload).status == 207
    assert open_problems(scene) == {"azure_devops_rule_violation": [bad["reference_num"]]}

    # Another feature's success does not change that.
    scene.send(scene.aha.event("PROD-2")["feature"])
    assert open_problems(scene) == {"azure_devops_rule_violation": [bad["reference_num"]]}

    payload["requirements"][1]["description"] = "Short"
    scene.send(payload)
    assert open_problems(scene) == {}


def test_a_requirement_that_was_taken_from_its_feature_is_no_problem_any_more(scene: Scene) -> None:
    payload = feature(requirements=[requirement("Good"), requirement("Bad", TOO_LONG)])
    assert scene.send(payload).status == 207

    payload["requirements"].pop()
    scene.send(payload)

    assert open_problems(scene) == {}


def test_records_with_the_same_problem_are_named_together_until_each_went_through(scene: Scene) -> None:
    one, two = feature(), feature()
    for payload in (one, two):
        scene.send({**payload, "description": TOO_LONG})
    names = [two["reference_num"], one["reference_num"]]
    assert open_problems(scene) == {"azure_devops_rule_violation": names}

    scene.send(two)

    assert open_problems(scene) == {"azure_devops_rule_violation": names[1:]}
    scene.send(one)
    assert open_problems(scene) == {}


def test_mistakes_of_callers_are_no_problems(scene: Scene) -> None:
    path = f"/integrations/{scene.integration.id}"
    mistakes = [
        scene.api.post(f"{path}/features", {"feature": {"name": "No id"}}),
        scene.api.delete(f"{path}/features/PROD-1"),
        scene.api.put(path, scene.integration.body, headers={"If-Match": '"old"'}),
        scene.api.post(f"{path}/features", data=b" " * 10_485_761),
    ]
    scene.configure(enabled=False)
    mistakes.append(scene.api.send(scene.integration.id, scene.aha.event("PROD-1")))

    assert [answer.status_code for answer in mistakes] == [400, 404, 412, 413, 409]
    health = health_of(scene.api, scene.integration)
    assert (health["last_error"], health["open_problems"]) == (None, [])


def test_a_notification_that_fails_is_a_problem_until_its_record_is_received(scene: Scene) -> None:
    number = scene.send(scene.aha.event("PROD-2")["feature"]).ids[0]
    fault = {"method": "PUT", "path": "/api/v1/features", "status": 503, "times": None}
    scene.aha.add_fault(**fault)
    scene.edit(number, title="Named anew")
    scene.deliver(time_scale=0.001)
    assert open_problems(scene) == {"aha_unavailable": ["PROD-2"]}

    scene.aha.clear_faults()
    reconcile(scene)

    assert open_problems(scene) == {}
    assert health_of(scene.api, scene.integration)["last_received_at"] is not None


def test_what_aha_refuses_is_a_problem_until_a_later_change_went_through(scene: Scene) -> None:
    number = scene.send(scene.aha.event("PROD-2")["feature"]).ids[0]
    scene.aha.takes_writes("PROD-2", refuses={"status": 422, "message": "Name is too long"})
    scene.edit(number, title="Named anew")
    scene.deliver()
    assert open_problems(scene) == {"aha_rule_violation": ["PROD-2"]}

    scene.aha.takes_writes("PROD-2")
    scene.edit(number, title="Named once more")
    scene.deliver()

    assert open_problems(scene) == {}


def test_a_run_of_reconcile_that_fails_is_a_problem_until_one_succeeds(scene: Scene) -> None:
    scene.send(scene.aha.event("PROD-2")["feature"])
    scene.azure_devops.add_fault(path="/_apis/wit/wiql", status=503, times=None)
    reconcile(scene)
    assert open_problems(scene) == {"azure_devops_unavailable": []}

    # A send is another kind of operation.
    scene.azure_devops.clear_faults()
    scene.send(scene.aha.event("PROD-1")["feature"])
    assert open_problems(scene) == {"azure_devops_unavailable": []}

    reconcile(scene)
    assert open_problems(scene) == {}


def test_an_attachment_that_fails_is_a_problem_of_its_record(scene: Scene) -> None:
    scene.attach("PROD-2", "specification.pdf")
    fault = {"path": "/_apis/wit/attachments", "status": 503, "times": None}
    scene.azure_devops.add_fault(**fault)
    assert scene.send(scene.aha.event("PROD-2")["feature"]).status == 207
    assert open_problems(scene) == {"azure_devops_unavailable": ["PROD-2"]}

    scene.azure_devops.clear_faults()
    scene.send(scene.aha.event("PROD-2")["feature"])

    assert open_problems(scene) == {}


def test_an_unlinked_record_is_no_problem_any_more(scene: Scene) -> None:
    number = scene.send(scene.aha.event("PROD-2")["feature"]).ids[0]
    scene.aha.takes_writes("PROD-2", refuses={"status": 422, "message": "Name is too long"})
    scene.edit(number, title="Named anew")
    scene.deliver()
    assert open_problems(scene) == {"aha_rule_violation": ["PROD-2"]}

    answer = scene.api.delete(f"/integrations/{scene.integration.id}/features/PROD-2")

    assert answer.status_code == 204
    assert open_problems(scene) == {}


def test_a_log_that_cannot_be_read_does_not_fail_the_list(
    system: LocalSystem, storage: FaultyStorage, integration: IntegrationUnderTest
) -> None:
    with further_host(system) as host:
        relayed = host.start(TABLES_CONNECTION_STRING=storage.connection_string)
        storage.fail(method="GET", path=r"/Log\(", times=None, status=503)

        health = health_of_one(relayed, integration)

        [problem] = health["open_problems"]
        assert problem["code"] == "storage_unavailable"
        assert problem["records"] == []
        assert (health["last_sent_at"], health["last_received_at"], health["last_error"]) == (None,) * 3
        storage.heal()
        assert health_of_one(relayed, integration)["open_problems"] == []


def test_the_list_asks_for_the_health_of_each_integration_by_three_requests(
    system: LocalSystem, storage: FaultyStorage, scene: Scene
) -> None:
    for reference in ("PROD-1", "PROD-2"):
        scene.send(scene.aha.event(reference)["feature"])
    with further_host(system) as host:
        relayed = host.start(TABLES_CONNECTION_STRING=storage.connection_string)
        health_of_one(relayed, scene.integration)
        storage.clear_requests()

        health_of_one(relayed, scene.integration)

        reads = [request for request in storage.requests() if "/Log(" in request["path"]]
        assert len(reads) == 3 * len(relayed.get("/integrations").json()["integrations"])
        assert all("select" in request["query"] for request in reads)


def health_of_one(api: Api, integration: IntegrationUnderTest) -> Json:
    """The health as the list has it."""
    listed = api.get("/integrations").json()["integrations"]
    [health] = [one["health"] for one in listed if one["integration_id"] == integration.id]
    found: Json = health
    return found
