"""`check` looks at work items, too: what carries a marker and is not the linked one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from operate import table_faults
from operate.exit_codes import ExitCode
from tests.e2e.operators import operate
from tests.e2e.sending_payloads import feature, requirements
from tests.e2e.sending_scene import Scene
from tests.e2e.test_operate_links import copy_of, lose_links


@pytest.fixture(autouse=True)
def soon_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before now is old."""
    monkeypatch.setattr(table_faults, "OLD", timedelta())


def test_after_sends_nothing_is_wrong(scene: Scene) -> None:
    scene.send(feature(requirements=requirements(3)))
    scene.send_reference("PROD-1")

    report = operate(scene.system, "check", scene.integration.id)

    assert report.code == ExitCode.DONE, report
    assert "No faults" in report.text


def test_a_copy_of_a_work_item_is_named_and_left_to_a_person(scene: Scene) -> None:
    family = feature()
    item = scene.send(family).ids[0]
    copy = copy_of(scene, item)
    rows = scene.items()

    report = operate(scene.system, "check", "--repair", scene.integration.id)

    assert report.code == ExitCode.LEFT
    assert (
        f"second work item of a record: {family['reference_num']}: it is linked to work item {item}, and work item "
        f"{copy} carries its marker, too." in report.text
    )
    assert scene.items() == rows


def test_a_lost_link_is_named_and_left_to_rebuild_links(scene: Scene) -> None:
    family = feature(requirements=requirements(1))
    item, below = scene.send(family).ids
    lose_links(scene, "r:", f"w:{item:010}", f"w:{below:010}")

    report = operate(scene.system, "check", "--repair", scene.integration.id)

    assert report.code == ExitCode.LEFT
    assert f"marked work item without a link: {family['reference_num']}: work item {item}" in report.text
    assert "- marked work item without a link: 2. Run rebuild-links" in report.text


def test_a_pointer_is_linked_again_to_the_marked_work_item_that_it_names(scene: Scene) -> None:
    family = feature(requirements=requirements(2))
    first = scene.send(family)
    copy_of(scene, first.ids[0])
    lose_links(scene, f"w:{first.ids[0]:010}", f"w:{first.ids[2]:010}")

    report = operate(scene.system, "check", "--repair", scene.integration.id)
    again = scene.send(family)

    assert "2 repaired" in report.text
    assert f"repaired: pointer without a link: {family['reference_num']}" in report.text
    assert again.ids == first.ids
    assert set(again.actions) == {"unchanged"}


def test_the_timer_finishes_the_send_of_a_repaired_claim(scene: Scene) -> None:
    """Given a send that died after the create request, and no note of it."""
    scene.azure_devops.add_fault(path=r"/wit/\$batch", method="PATCH", cut="after", times=1)
    scene.azure_devops.add_fault(path=r"/wit/wiql", status=503, times=None)
    scene.send_reference("PROD-1")
    scene.azure_devops.clear_faults()
    lose_links(scene, "u:")
    items = scene.items()
    assert len(items) == 4
    assert len(scene.claims()) == 4

    repaired = operate(scene.system, "check", "--repair", scene.integration.id)

    assert "repaired: claim of a send that ended: PROD-1: " in repaired.text
    assert scene.items().keys() == items.keys()
    after = operate(scene.system, "check", scene.integration.id)
    assert "claim of a send that the timer finishes: PROD-1" in after.text


def test_an_organization_that_does_not_answer_leaves_the_tables_checked(scene: Scene) -> None:
    scene.send(feature())
    lose_links(scene, "r:")
    scene.azure_devops.add_fault(path="/wit/wiql", status=403, times=None)

    report = operate(scene.system, "check", scene.integration.id)

    assert report.code == ExitCode.LEFT
    assert "link without a pointer" in report.text
    assert "the work items were not checked" in report.text
