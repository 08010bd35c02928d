"""The sandbox Aha!'s pages in a browser: a feature is sent from there, by the extension and by Aha!'s own webhook."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from local.development.environment import development_environment, make_extension_ready, only_one_installer
from local.extension.build import BuildFolder
from tests.browser.aha_page import KEY, RULE, AhaPage, FunctionApp, SandboxAha, bodies, open_page, running_aha
from tests.e2e.system import eventually
from tests.unit.scripted_server import Reply, ScriptedServer, serving


@pytest.fixture(scope="module", autouse=True)
def _built_extension() -> None:
    with only_one_installer():
        make_extension_ready(development_environment())
        BuildFolder(development_environment()).build()


@pytest.fixture
def aha() -> Iterator[SandboxAha]:
    with running_aha() as sandbox:
        yield sandbox


@pytest.fixture
def function_app() -> FunctionApp:
    return FunctionApp()


@pytest.fixture
def server(function_app: FunctionApp, aha: SandboxAha) -> Iterator[ScriptedServer]:
    """The function app over HTTP, which the installed extension calls."""
    with serving(function_app) as running:
        aha.install(running.url)
        yield running


@pytest.fixture
def page(browser: Chrome, aha: SandboxAha) -> Iterator[AhaPage]:
    made = open_page(browser, aha)
    yield made
    complaints = made.complaints()
    # The page must not ask for anything once its server has stopped.
    browser.get("about:blank")
    assert complaints == []


def test_features_are_listed_by_product(page: AhaPage) -> None:
    page.show("/")
    page.sees("Fabrikam web (PROD)", "Pay by card", "Fabrikam mobile (MOB)")
    page.follow("PROD-1")
    page.sees("Strong customer authentication", "acceptance criteria.txt")
    assert page.value("Status") == "Under consideration"


def test_a_feature_is_sent_watched_repaired_and_sent_again(
    page: AhaPage, server: ScriptedServer, function_app: FunctionApp
) -> None:
    page.show("/features/PROD-1")
    page.sees("Not sent to Azure DevOps.")
    page.press("Send to Azure DevOps")
    page.sees("Sending to Azure DevOps: 2 of 4 records and files done", "Waiting to be sent")
    page.sees("Sent in part: 3 created, 1 failed.", f"Error: {RULE}")
    assert [text for text in page.work_items() if RULE in text] == [page.work_items()[-1]]
    assert page.work_items()[-1].startswith("PROD-1-3")
    link = page.link("User Story 2")
    assert link.get_attribute("href") == "https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/2"
    function_app.team_is_set = True
    page.press("Send again")
    page.sees("Sent: 1 created.", "User Story 4")
    page.sees_no(RULE)


def test_a_check_changes_nothing(page: AhaPage, server: ScriptedServer, function_app: FunctionApp) -> None:
    page.show("/features/PROD-1")
    page.press("Check")
    page.sees("Checked: a send would create 4 work items.", "Would be created")
    assert function_app.created == {}


def test_a_requirement_shows_itself_and_its_feature(
    page: AhaPage, server: ScriptedServer, function_app: FunctionApp
) -> None:
    page.show("/requirements/PROD-1-2")
    page.sees("2 other requirements of PROD-1.")
    page.press("Send to Azure DevOps")
    page.sees("Sent in part: 3 created, 1 failed.", "1 of them with an error.")
    assert {one.path for one in server.asked} == {"/api/integrations/fabrikam-web/features/PROD-1"}


def test_the_record_action_sends_and_the_panel_follows(page: AhaPage, server: ScriptedServer) -> None:
    page.show("/features/PROD-1")
    page.sees("Not sent to Azure DevOps.")
    page.click("#actions summary")
    page.click("#actions button")
    page.sees("PROD-1: Sent in part: 3 created, 1 failed.", f"PROD-1-3: {RULE}")
    page.sees("User Story 1")


def test_a_missing_setting_is_named(page: AhaPage, aha: SandboxAha) -> None:
    aha.install("", functionKey="")
    page.show("/features/PROD-1")
    page.sees("Azure DevOps is not set up here.", "“Function app URL” is empty", "“Function key” is empty")


def test_a_refused_key_says_what_to_renew(page: AhaPage, aha: SandboxAha, server: ScriptedServer) -> None:
    aha.install(server.url, functionKey="withdrawn")
    page.show("/features/PROD-1")
    page.sees("The function app refused the function key (401).")


def test_all_of_it_works_with_the_keyboard(page: AhaPage, server: ScriptedServer) -> None:
    page.show("/features/PROD-1")
    page.sees("Not sent to Azure DevOps.")
    button = page.tab_to(lambda one: one.text == "Send to Azure DevOps")
    page.keys(Keys.ENTER)
    page.sees("Sent in part")
    assert page.focused() == button
    page.tab_to(lambda one: one.text.startswith("User Story 1"))


def test_axe_finds_nothing_serious_and_nothing_is_cut_off(
    page: AhaPage, aha: SandboxAha, server: ScriptedServer
) -> None:
    aha.control("PUT", "/products/PROD/webhook", {"url": server.url})
    found: list[str] = []

    def look(name: str) -> None:
        # Colours and widths matter to few rules.
        for width, scheme, rules in ((1280, "light", ()), (360, "dark", ("color-contrast",))):
            page.resize(width, scheme=scheme)
            found.extend(f"{name}, {width} px, {scheme}: {fault}" for fault in page.grave_faults(*rules))
            overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.browser.execute_script(overflow) == 0, (name, width)

    page.show("/features/PROD-1")
    page.press("Send to Azure DevOps")
    page.sees(RULE)
    page.click("#send summary")
    look("feature")
    page.show("/")
    page.sees("Pay by card")
    look("list")
    assert found == []


def test_the_key_is_nowhere_in_the_browser(page: AhaPage, aha: SandboxAha, server: ScriptedServer) -> None:
    page.show("/features/PROD-1")
    page.press("Send to Azure DevOps")
    page.sees("Sent in part")
    assert KEY not in page.kept()
    assert server.asked[0].headers["x-functions-key"] == KEY
    assert any("/_board/extension/fields/" in answer for answer in aha.recorder.answers)
    assert [answer for answer in aha.recorder.answers if KEY in answer] == []


def test_aha_s_own_webhook_sends_the_release_first(page: AhaPage, aha: SandboxAha) -> None:
    with serving(Reply(200, {"status": "ignored"}), Reply(201, {}), Reply(503, {})) as hook:
        url = f"{hook.url}/api/integrations/fabrikam-web/features?code={KEY}"
        aha.control("PUT", "/products/PROD/webhook", {"url": url})
        page.show("/features/PROD-1")
        page.click("#send summary")
        page.press("Send to Azure DevOps")
        page.sees("The integration log has the result.")
        page.click("#log-card summary")
        page.sees("create_release: 200", "create_feature: 201")
    assert [body["event"] for body in bodies(hook.asked)] == ["create_release", "create_feature"]
    assert {(one.path, one.query) for one in hook.asked} == {
        ("/api/integrations/fabrikam-web/features", f"code={KEY}")
    }


def test_a_record_is_edited_on_its_page(page: AhaPage, aha: SandboxAha) -> None:
    page.show("/requirements/PROD-1-1")
    page.sees("PROD-1-1")
    page.replace_text("#name", "Card form v2")
    page.keys(Keys.ENTER)
    page.choose("Status", "In test")
    page.press("Edit")
    page.replace_text("#source", "<p>Shorter</p>")
    page.press("Save")

    def summary() -> tuple[str, str, str]:
        records = requests.get(f"{aha.url}/_control/records", timeout=30).json()["records"]
        record = next(one for one in records if one["reference_num"] == "PROD-1-1")
        return record["name"], record["status"], record["description"]

    wanted = ("Card form v2", "In test", "<p>Shorter</p>")
    eventually(lambda: summary() == wanted)
