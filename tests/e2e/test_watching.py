"""What an operator sees of each call: its line, and its part in a trace."""

from __future__ import annotations

import json

import pytest

from tests.e2e.operation_lines import OperationLines
from tests.e2e.reconciling import reconcile
from tests.e2e.sending_scene import TITLE, Scene

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "rojo=00f067aa0ba902b7"}


@pytest.mark.contract
def test_a_send_passes_the_caller_s_trace_on_to_both_systems_and_not_to_the_host_of_the_files(
    scene: Scene,
) -> None:
    lines = OperationLines(scene.system.function_host)

    sent = scene.send_reference("PROD-1", headers=HEADERS)

    requests = [*scene.requests(), *scene.aha_requests("GET"), *scene.aha_requests("PUT")]
    assert {one["headers"]["tracestate"] for one in requests} == {"rojo=00f067aa0ba902b7"}
    (parent,) = {one["headers"]["traceparent"] for one in requests}
    assert parent.startswith(f"00-{TRACE}-")
    assert CALLER not in parent
    downloads = [one for one in scene.aha.requests() if "/attachments/" in one["path"]]
    assert downloads
    assert all("traceparent" not in one["headers"] for one in downloads)
    line = lines.of(sent.body["operation_id"])
    assert line["trace_id"] == TRACE
    logged = scene.log("azure-devops.request")
    assert {entry["detail"]["trace_id"] for entry in logged} == {TRACE}


@pytest.mark.contract
def test_each_operation_has_one_line_that_says_what_came_of_it(scene: Scene) -> None:
    lines = OperationLines(scene.system.function_host)

    sent = scene.send(scene.aha.event("PROD-4")["feature"])
    scene.azure_devops.edit(sent.ids[0], {TITLE: "Renamed by an engineer"})
    (delivered,) = scene.deliver()
    wrong = scene.api.post(f"{scene.integration.webhook_url}x", {})
    scene.azure_devops.add_fault(path="/_apis/", status=429, headers={"retry-after": "1"}, times=1)
    tested = scene.api.post("/test-connection", {"integration_id": scene.integration.id})

    line = lines.of(sent.body["operation_id"])
    assert (line["function"], line["integration"]) == ("SendFeature", scene.integration.id)
    assert (line["kind"], line["outcome"], line["result"]) == ("send", "succeeded", "succeeded")
    assert line["events"]["work-item.created"] == len(sent.ids)
    assert line["requests"] >= sent.body["azure_devops_requests"]
    line = lines.of(delivered["operation_id"])
    assert (line["kind"], line["status"], line["result"]) == ("notification", 200, "updated")
    line = lines.of(wrong.headers["x-operation-id"])
    assert (line["outcome"], line["status"], line["integration"]) == ("refused", 404, "")
    line = lines.of(tested.headers["x-operation-id"])
    assert (line["kind"], line["retries"]) == ("connection_test", 1)
    assert line["throttled_milliseconds"] >= 900
    text = json.dumps(lines.all())
    token = scene.integration.webhook_url.rsplit("/", 1)[1]
    for hidden in ("PROD-4", "Renamed", "http", token, scene.integration.body["aha"]["api_token"]):
        assert hidden not in text


@pytest.mark.contract
def test_the_timer_leaves_a_line_for_its_run_and_one_for_each_job(scene: Scene) -> None:
    lines = OperationLines(scene.system.function_host)
    scene.send(scene.aha.event("PROD-4")["feature"])

    reconcile(scene)

    of_timer = [line for line in lines.all() if line["function"] == "Reconcile"]
    of_integration = [line for line in of_timer if line["integration"] == scene.integration.id]
    assert [line["outcome"] for line in of_timer if not line["integration"]] == ["succeeded"]
    assert [line["open_problems"] for line in of_integration if line["open_problems"] is not None] == [0]
    assert any(line["requests"] for line in of_integration)
    assert len({line["trace_id"] for line in of_timer}) == 1
