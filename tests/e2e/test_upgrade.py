"""Two versions of the app on the same tables: while a new one is deployed, and after the old one is taken back."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from requests import Response

from local.service import ROOT
from local.system import LocalSystem
from tests.e2e.reconciling import minutes_pass, notes, reconcile
from tests.e2e.sending_payloads import Json
from tests.e2e.sending_scene import A_WRITE, TITLE, Scene
from tests.e2e.system import Api, Client

PREVIOUS_RELEASE = "13c514cf6e4dfb990def7ce99872c1e216095374"
"""The commit of release 1.0.0, which may still run or come back. Each release names the one before it here."""


class OlderApi(Api):
    """The API of the previous release. Its answers may lack what openapi.yaml has come to promise."""

    def request(self, method: str, path: str, **arguments: Any) -> Response:
        """Send a request."""
        return Client.request(self, method, path, **arguments)


@pytest.fixture(scope="module")
def previous_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the code of the previous release, from Git's history."""
    command = ["git", "archive", "--format=tar", PREVIOUS_RELEASE]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"this copy has no history back to {PREVIOUS_RELEASE}: {archive.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("previous-release")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder)  # noqa: S202  # our own history
    return folder


@pytest.fixture(scope="module")
def older_api(_running_system: LocalSystem, previous_release: Path) -> Iterator[Api]:
    """An instance of the previous release on the same storage."""
    with _running_system.another_host(app_folder=previous_release) as service:
        yield OlderApi(service.url, _running_system.function_key)


@pytest.fixture
def new(scene: Scene) -> Scene:
    """The app as it is now."""
    return scene


@pytest.fixture
def old(scene: Scene, older_api: Api) -> Scene:
    """The same integration by way of the previous release."""
    service = older_api.url.removesuffix("/api")
    webhook_url = scene.integration.webhook_url.replace(scene.system.functions_url, service)
    return replace(scene, api=older_api, integration=replace(scene.integration, webhook_url=webhook_url))


def event(scene: Scene, reference: str = "PROD-1") -> Json:
    """The feature as it is in Aha! now."""
    found: Json = scene.aha.event(reference)["feature"]
    return found


@pytest.mark.parametrize("first", ["old", "new"])
def test_what_one_version_sent_the_other_updates(new: Scene, old: Scene, first: str) -> None:
    one, other = (old, new) if first == "old" else (new, old)
    made = one.send(event(new))

    unchanged = other.send(event(new))
    new.aha.edit("PROD-1", name="Named anew")
    updated = other.send(event(new))
    seen_by_both = [scene.send(event(new)).actions for scene in (one, other)]

    assert made.status == 201
    assert set(unchanged.actions) == {"unchanged"}
    assert updated.actions == ["updated", "unchanged", "unchanged", "unchanged"]
    assert seen_by_both == [["unchanged"] * 4] * 2
    assert new.value(made.ids[0], TITLE) == "Named anew"
    new.assert_one_each(event(new))


@pytest.mark.parametrize("receiver", ["old", "new"])
def test_a_change_of_an_engineer_comes_back_by_either_version(new: Scene, old: Scene, receiver: str) -> None:
    one, other = (old, new) if receiver == "old" else (new, old)
    made = other.send(event(new))
    one.subscribe_anew()

    new.edit(made.ids[0], title="By an engineer")
    answers = new.deliver()

    assert [answer["status"] for answer in answers] == [200]
    assert new.aha.feature("PROD-1")["name"] == "By an engineer"
    assert one.send(event(new)).actions == other.send(event(new)).actions == ["unchanged"] * 4


def test_both_versions_that_send_at_once_make_one_work_item_each(new: Scene, old: Scene) -> None:
    payload = event(new)
    new.azure_devops.add_fault(path=A_WRITE, delay_ms=300)

    with ThreadPoolExecutor(2) as senders:
        sent = list(
            senders.map(lambda scene: scene.post({"event": "create_feature", "feature": payload}), (old, new))
        )

    assert {one.status for one in sent} <= {200, 201, 409}
    new.assert_one_each(payload)
    assert new.send(event(new)).actions == ["unchanged"] * 4


@pytest.mark.parametrize("first", ["old", "new"])
def test_what_one_version_left_unfinished_the_other_finishes(new: Scene, old: Scene, first: str) -> None:
    one, other = (old, new) if first == "old" else (new, old)
    new.azure_devops.add_fault(path=A_WRITE, cut="after")
    new.azure_devops.add_fault(path="/_apis/wit/", status=503, times=None, skip=0)
    assert one.send(event(new)).status == 503
    new.azure_devops.clear_faults()
    new.give_claims_up()

    finished = other.send(event(new))
    minutes_pass(new)
    reconcile(new)

    assert finished.status in (200, 201)
    new.assert_one_each(event(new))
    assert notes(new) == []


def test_after_a_roll_back_the_old_version_reads_and_goes_on_with_all_of_it(new: Scene, old: Scene) -> None:
    new.configure(auto_update=True)
    made = new.send(event(new))
    new.edit(made.ids[0], title="By an engineer")
    new.deliver()

    answers = {
        path: old.api.get(f"/integrations/{new.integration.id}{path}").status_code
        for path in ("", "/log", "/features", "/features/PROD-1")
    }
    new.aha.edit("PROD-1", name="After the roll back")
    updated = old.send(event(new))
    unlinked = old.api.delete(f"/integrations/{new.integration.id}/features/PROD-1")

    assert set(answers.values()) == {200}
    assert updated.actions == ["updated", "unchanged", "unchanged", "unchanged"]
    assert unlinked.status_code in (200, 204)


def test_an_integration_that_the_old_version_saved_is_read_by_the_new_one(new: Scene, old: Scene) -> None:
    """Keys that the old version does not know are gone then, and their defaults hold."""
    new.configure(aha={**new.integration.body["aha"], "link_back": "all"})
    saved = old.configure(name="Saved by the old version", aha=new.integration.body["aha"])

    read = new.api.get(f"/integrations/{new.integration.id}").json()

    assert saved.status_code == 200
    assert read["name"] == "Saved by the old version"
    assert read["aha"]["link_back"] == "feature"
    assert new.send(event(new)).status == 201
