"""Another organization for an integration with links: only the new name of the same organization is taken."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.system import WRITE_TOKEN
from tests.e2e.configuration_bodies import problem_of
from tests.e2e.reconciling import Run
from tests.e2e.sending_scene import A_WRITE, TITLE, Scene
from tests.e2e.system import AzureDevOps, eventually
from tests.e2e.test_feature_standing import link, make_work_item, unlink

CONTOSO = "contoso"


def become(azure_devops: AzureDevOps, name: str) -> None:
    """The organization is renamed in Azure DevOps."""
    azure_devops.control("PUT", "/organization", {"name": name})


def strangers_take_the_place(scene: Scene, work_item_id: int) -> None:
    """What answers now as contoso is an organization that was never ours, with a work item of this number."""
    scene.azure_devops.reset()
    for _ in range(work_item_id):
        make_work_item(scene, **{TITLE: "Payroll: nobody's business"})
    become(scene.azure_devops, CONTOSO)


def move(scene: Scene, name: str = CONTOSO, **azure_devops: str) -> Any:
    """Save the integration with another organization, and a token for it."""
    target = {**scene.integration.body["azure_devops"], "personal_access_token": WRITE_TOKEN}
    return scene.configure(azure_devops={**target, "account_name": name, **azure_devops})


def organization_of(scene: Scene) -> str:
    answer = scene.api.get(f"/integrations/{scene.integration.id}")
    return str(answer.json()["azure_devops"]["account_name"])


@pytest.mark.contract
@pytest.mark.parametrize("name", [CONTOSO, f"https://{CONTOSO}.visualstudio.com"])
def test_another_organization_is_refused_while_features_are_linked(scene: Scene, name: str) -> None:
    (number,) = scene.send_reference("PROD-2").ids
    before = scene.aha.feature("PROD-2")["name"]
    strangers_take_the_place(scene, number)

    problem = problem_of(move(scene, name), 409, "organization_in_use")

    assert "“fabrikam”" in problem["detail"]
    assert "“contoso”" in problem["detail"]
    assert "Unlink the features first" in problem["detail"]
    assert organization_of(scene) == "fabrikam"
    Run.start(scene.system.function_host).wait()
    assert scene.aha.feature("PROD-2")["name"] == before


def test_the_new_name_of_a_renamed_organization_is_taken(scene: Scene) -> None:
    numbers = scene.send_reference("PROD-1").ids
    become(scene.azure_devops, CONTOSO)

    answer = move(scene)

    assert answer.status_code == 200, answer.text
    assert scene.send_reference("PROD-1").ids == numbers


def test_the_same_organization_in_another_case_is_not_looked_at(scene: Scene) -> None:
    scene.send_reference("PROD-2")
    scene.azure_devops.clear_requests()

    assert move(scene, "Fabrikam").status_code == 200

    assert scene.requests() == []


def test_work_items_that_were_deleted_meanwhile_are_no_proof_against_it(scene: Scene) -> None:
    first, *_ = scene.send_reference("PROD-1").ids
    scene.azure_devops.delete_work_item(first)
    become(scene.azure_devops, CONTOSO)

    assert move(scene).status_code == 200


def test_any_organization_is_taken_where_nothing_is_linked(scene: Scene) -> None:
    (number,) = scene.send_reference("PROD-2").ids
    strangers_take_the_place(scene, number)
    problem_of(move(scene), 409, "organization_in_use")

    assert unlink(scene, "PROD-2").status_code == 204

    assert move(scene).status_code == 200
    assert organization_of(scene) == CONTOSO


def test_a_work_item_that_was_linked_by_hand_tells_nothing(scene: Scene) -> None:
    """Given a link without a marker: the work item of the number may be anybody's."""
    number = make_work_item(scene)
    assert link(scene, "PROD-2", number).status_code == 200
    strangers_take_the_place(scene, number)

    problem_of(move(scene), 409, "organization_in_use")


@pytest.mark.parametrize("name", ["fabrikam", CONTOSO])
def test_an_organization_that_was_taken_out_is_taken_back_and_no_other(scene: Scene, name: str) -> None:
    (number,) = scene.send_reference("PROD-2").ids
    assert move(scene, "", personal_access_token="").status_code == 400, "It is enabled."
    target = {**scene.integration.body["azure_devops"], "account_name": ""}
    assert scene.configure(enabled=False, azure_devops=target).status_code == 200
    if name == CONTOSO:
        strangers_take_the_place(scene, number)

    answer = move(scene, name)

    assert answer.status_code == (200 if name == "fabrikam" else 409), answer.text


def no_such_token(scene: Scene) -> Any:
    return move(scene, personal_access_token="nobody-knows-this-one")


def no_such_organization(scene: Scene) -> Any:
    return move(scene, "northwind")


def an_outage(scene: Scene) -> Any:
    scene.azure_devops.add_fault(path="/_apis/wit", status=503, times=None)
    return move(scene)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("attempt", "status", "code"),
    [
        (no_such_token, 422, "azure_devops_credentials_rejected"),
        (no_such_organization, 422, "azure_devops_not_found"),
        (an_outage, 503, "azure_devops_unavailable"),
    ],
)
def test_nothing_is_saved_where_the_organization_does_not_answer(
    scene: Scene, attempt: Callable[[Scene], Any], status: int, code: str
) -> None:
    scene.send_reference("PROD-2")
    become(scene.azure_devops, CONTOSO)

    problem_of(attempt(scene), status, code)

    assert organization_of(scene) == "fabrikam"


def test_nothing_is_saved_while_a_send_creates_a_work_item(scene: Scene) -> None:
    scene.azure_devops.add_fault(path=A_WRITE, delay_ms=2000, times=1)

    with ThreadPoolExecutor(1) as other:
        sending = other.submit(scene.send_reference, "PROD-2")
        eventually(scene.claims)
        problem = problem_of(move(scene), 409, "organization_in_use")
        assert sending.result().status == 201

    assert "A send is creating work items" in problem["detail"]
    assert organization_of(scene) == "fabrikam"
