"""The platform keeps a log line only if the thread that wrote it bears the id of an invocation."""

from __future__ import annotations

import re

import pytest

from local.service import Service
from tests.e2e.sending_payloads import feature, requirements
from tests.e2e.sending_scene import TITLE, Scene

_LINE = re.compile(r"^\S+ \S+ (?:DEBUG|INFO|WARNING|ERROR) (\S+) shared\.")


class AppLog:
    """What the function app logs from now on."""

    def __init__(self, host: Service) -> None:
        self._host = host
        self._start = host.log.stat().st_size

    def invocations(self) -> list[str]:
        """The invocation of each of the product's own lines, `-` for one that the platform would drop."""
        with self._host.log.open("rb") as log:
            log.seek(self._start)
            lines = log.read().decode().splitlines()
        return [found[1] for line in lines if (found := _LINE.match(line))]


@pytest.mark.contract
def test_every_line_of_a_send_bears_its_invocation(scene: Scene) -> None:
    log = AppLog(scene.system.function_host)

    # Attachments are copied, and batches sent, on threads of the app's own.
    scene.send(scene.aha.event("PROD-1", "create_feature")["feature"])
    scene.send(feature(requirements=requirements(120)))

    found = log.invocations()
    assert len(found) > 20
    assert len(set(found)) == 2
    assert "-" not in found


@pytest.mark.contract
def test_every_line_of_a_notification_and_of_a_connection_test_bears_its_invocation(scene: Scene) -> None:
    sent = scene.send(scene.aha.event("PROD-4")["feature"])
    log = AppLog(scene.system.function_host)

    scene.azure_devops.edit(sent.ids[0], {TITLE: "Renamed"})
    scene.deliver()
    scene.api.post("/test-connection", {"integration_id": scene.integration.id, "project": "Fabrikam"})

    found = log.invocations()
    assert len(found) > 5
    assert "-" not in found
