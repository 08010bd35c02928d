"""The page itself: large lists, hostile names, small screens, and what axe-core finds."""

from __future__ import annotations

import json

from selenium.webdriver.common.keys import Keys

from local.sample import sample_integration
from local.system import LocalSystem
from tests.browser.page import Page
from tests.browser.test_set_up import connect
from tests.e2e.configuration_bodies import changed
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

SHOWN = {
    "": "can be created in",
    "/hook": "reports every changed",
    "/aha": "Press Send in Aha!",
    "/features": "5 features",
    "/log": "newest first",
}
"""What each view of an integration shows once it is there."""

SEEN_RULES = ("color-contrast", "target-size", "scrollable-region-focusable")
"""The rules of axe-core whose findings depend on colours and on the width of the window."""

MARKUP = '<img src=x onerror="window.broken=true"><b>bold</b>'


def test_two_thousand_areas_are_searched_and_chosen(page: Page, azure_devops: AzureDevOps) -> None:
    paths = [f"Region {number // 100:02}\\Team {number:04}" for number in range(2000)]
    azure_devops.control("POST", "/areas", {"project": "Fabrikam Scrum", "paths": paths})
    page.open("#/new")
    page.type("Account", "fabrikam")
    page.type("Personal access token", "sandbox-write-token")
    page.press("Test connection")
    page.choose("Project", "Fabrikam Scrum")
    page.sees("2022 areas.")

    page.choose_area("team 1742")
    page.sees("1 of 2022 areas", "Chosen: Fabrikam Scrum\\Region 17\\Team 1742")
    page.find("input[type=search]").clear()
    page.find("input[type=search]").send_keys("team")
    page.sees("2000 of 2022 areas; the first 400 are shown")
    assert len(page.all("[role=treeitem]")) == 400


def test_names_with_markup_are_shown_as_the_text_that_they_are(
    page: Page, api: Api, azure_devops: AzureDevOps, aha: Aha
) -> None:
    project = "<b>bold</b> & co"
    azure_devops.control("POST", "/projects", {"name": project})
    azure_devops.control("POST", "/areas", {"project": project, "paths": ["<i>leaning"]})
    body = changed(
        sample_integration(aha.account_url),
        {
            "/name": MARKUP,
            "/azure_devops/project": project,
            "/azure_devops/area_path": f"{project}\\<i>leaning",
            "/feature/status_mapping/Active": MARKUP,
            "/feature/status_mapping/<u>state": "Shipped",
        },
    )
    assert api.put_integration("markup", body).status_code == 201

    page.open()
    page.sees(MARKUP, project)
    page.visit("#/i/markup")
    page.sees(MARKUP, "<i>leaning", "<u>state")
    page.visit("#/i/markup/features")
    feature = {
        "id": "1",
        "reference_num": MARKUP,
        "name": MARKUP,
        "attachments": [{"id": "1", "file_name": MARKUP}],
    }
    page.press("Send an event by hand")
    page.paste("Event as JSON", json.dumps({"feature": feature}))
    page.press("Check the event")
    page.sees("can", MARKUP)
    page.visit("#/i/markup/log")
    page.sees("Send of")
    page.click(".operation-line > summary")
    page.sees("Show only this operation")
    assert page.all("img[src=x], main u, main b") == []
    assert page.browser.execute_script("return window.broken") is None


def test_every_view_fits_the_screen_and_comes_from_the_app_itself(
    page: Page, system: LocalSystem, api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    body = {**integration.body, "name": "W" * 200}
    assert api.put_integration(integration.id, body).status_code == 200
    aha.edit("PROD-1", name="W" * 200)
    api.send(integration.id, aha.event("PROD-1"))
    views = {"#/": "Last sent", "#/new": "Seven steps"} | {
        f"#/i/{integration.id}{view}": words for view, words in SHOWN.items()
    }
    page.open()
    for view, words in views.items():
        page.visit(view)
        page.sees(words)
        for width in (1920, 1280, 768, 640, 360):
            page.resize(width)
            assert page.browser.execute_script("return document.documentElement.scrollWidth") <= width, (
                view,
                width,
            )

    loaded = page.browser.execute_script(
        "return performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert f"{system.functions_url}/api/console/app.js" in loaded
    assert f"{system.functions_url}/api/integrations/{integration.id}/service-hook" in loaded
    assert {one for one in loaded if not one.startswith(f"{system.functions_url}/api/")} == set()


def test_saving_is_within_reach_wherever_one_is_on_the_page(page: Page) -> None:
    page.open("#/new")
    page.type("Account", "fabrikam")
    for width, height in ((1920, 1080), (360, 640)):
        page.resize(width, height)
        for place in (0, 0.5, 1):
            # What is at the middle of the button: nothing covers it, and it is on the screen.
            found = page.browser.execute_script(
                "scrollTo(0, arguments[0] * document.documentElement.scrollHeight);"
                "const save = document.querySelector('.save-actions .primary');"
                "const {x, y, width, height} = save.getBoundingClientRect();"
                "return document.elementFromPoint(x + width / 2, y + height / 2) === save",
                place,
            )
            assert found, (width, place)


def test_axe_finds_nothing_serious(
    page: Page, api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> None:
    found: list[str] = []

    def look(view: str) -> None:
        found.extend(f"{view}: {fault}" for fault in page.grave_faults())
        page.resize(360, scheme="dark")
        found.extend(f"{view}, 360 px, dark: {fault}" for fault in page.grave_faults(*SEEN_RULES))
        page.resize(1280)

    azure_devops.add_fault(path="wit/attachments", status=400, times=None)
    api.send(integration.id, aha.event("PROD-1"))
    page.open()
    page.sees("Fabrikam web", "Needs attention")
    page.press("1 problem")
    page.sees("What happened")
    look("list")
    page.follow("Fabrikam web")
    page.sees("can be created in")
    look("set up")
    page.press("Delete this integration")
    page.press("Delete…")
    page.sees_no("Looking for the subscription")
    look("delete")
    page.press("Keep it")
    page.follow("Service hook")
    page.sees("reports every changed work item")
    look("service hook")
    page.follow("Let Aha! send")
    page.type("Key of SendFeature", "wrong")
    page.keys(Keys.TAB)
    page.press("Nothing arrives?")
    page.sees("does not accept this key", "Not everything was sent")
    look("let Aha! send")
    page.follow("Features")
    page.press("PROD-1")
    page.press("Check")
    page.sees("Everything can be sent", "Would be updated")
    page.press("Send an event by hand")
    look("features")
    page.press("Unlink")
    look("unlinking")
    page.press("Keep the link")
    page.follow("Log")
    page.sees("1 open problem", "Send of PROD-1")
    for line in page.all(".operation-line > summary"):
        line.click()
    page.sees("What to do", "Work item 1 was created")
    look("log")
    page.open("#/new")
    connect(page)
    page.type("Product", "PROD")
    page.type("Address", "no")
    page.type("Account", "")
    page.press("Test connection")
    page.sees("This must not be empty.")
    page.press("Save")
    page.sees("Not saved.", "belongs to the integration")
    look("proposals and faults")
    page.start(None)
    page.open()
    page.field("Key")
    look("key")

    assert found == []
