"""A person finds a feature, checks and sends it, sees its sync state, and links and unlinks it."""

from __future__ import annotations

import json

from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest, eventually

HURRIED = (
    "const [send, wait, forget] = [window.fetch, window.setTimeout, window.clearTimeout];"
    "window.fetch = (url, {headers = {}, ...rest}) =>"
    " send(url, {...rest, headers: headers.prefer === 'wait=20' ? {...headers, prefer: 'wait=1'} : headers});"
    "window.setTimeout = (act, milliseconds) => {"
    " if (milliseconds === 300) { window.afterAMoment = act; return 'a moment'; }"
    " return wait(act, milliseconds > 1000 ? 50 : milliseconds); };"
    "window.clearTimeout = (timer) => { if (timer === 'a moment') window.afterAMoment = null; else forget(timer); };"
)
"""Lets a call of a send take one second, as long as the send gets on, and waits hardly at all between two.

`afterAMoment` is what the page would do once an answer takes longer than a moment, until it is no longer wanted.
"""


def open_features(page: Page, integration: IntegrationUnderTest, reference: str = "") -> None:
    page.open(f"#/i/{integration.id}/features{'/' if reference else ''}{reference}")
    page.sees("Find a feature", reference)


def make_work_item(azure_devops: AzureDevOps, work_item_type: str) -> int:
    """An engineer makes a work item."""
    made = azure_devops.post(
        f"/Fabrikam/_apis/wit/workitems/${work_item_type}?api-version=7.1",
        json=[{"op": "add", "path": "/fields/System.Title", "value": "By an engineer"}],
        headers={"content-type": "application/json-patch+json"},
    )
    return int(made.json()["id"])


def test_a_feature_is_found_checked_and_sent_and_its_state_comes_back(
    page: Page, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    open_features(page, integration)
    page.sees("5 features", "PROD-5", "No feature has a work item yet.", "No feature chosen")
    page.type("Name or reference", "CARD")
    page.sees("3 features", "Refund to the same card")
    page.type("Name or reference", "nothing is called so")
    page.sees("No feature of PROD matches “nothing is called so”.")
    page.type("Name or reference", "https://fabrikam.aha.io/features/prod-1")
    page.keys(Keys.ENTER)

    page.sees("Pay by card", "Not sent to Azure DevOps yet.")
    assert page.focused().text == "PROD-1 Pay by card"
    page.press("Check")
    page.sees(
        "Everything can be sent",
        "4 records: 4 would be created",
        "Would be uploaded: acceptance criteria.txt",
    )
    assert azure_devops.ids() == []
    page.press("Send")
    page.sees(
        "Everything was sent",
        "4 created",
        "Sent. Everything is up to date.",
        "Feature 1",
        "State New",
        "linked",
    )

    azure_devops.edit(1, {"System.State": "Active"})

    def has_come_back() -> bool:
        page.press("Refresh")
        return "Change from Azure DevOps" in page.text

    eventually(has_come_back)
    page.sees("State Active", "Sent. Everything is up to date.")
    # The address names the feature, so that it can be passed on.
    page.browser.refresh()
    page.sees("PROD-1 Pay by card", "State Active")


def test_a_person_may_stop_waiting_for_a_long_send_and_go_on_later(
    page: Page, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    open_features(page, integration, "PROD-4")
    page.sees("Not sent to Azure DevOps yet.")
    page.browser.execute_script(HURRIED)
    azure_devops.add_fault(path="wit/attachments", delay_ms=6000, times=None)
    page.press("Send")
    page.sees("records and files are done")
    # The first answer may come within a moment.
    page.browser.execute_script("window.afterAMoment?.()")
    page.press("Stop waiting")
    page.sees("You stopped waiting. What was sent is kept.")
    azure_devops.clear_faults()
    # The app may still be at it: then the page waits, and goes on by itself.
    page.press("Send")
    page.sees("Everything was sent", "Feature 1")


def test_each_record_shows_its_sync_state_and_why_it_failed(
    page: Page, api: Api, aha: Aha, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    api.send_reference(integration.id, "PROD-1")
    aha.edit("PROD-1-2", name="By a manager")
    azure_devops.delete_work_item(3)

    open_features(page, integration, "PROD-1")

    page.sees("Sent. 2 records are not up to date.", "Changed in Aha!")
    page.sees("Work item deleted", "to create a new work item")
    azure_devops.add_fault(path="workitemsbatch", status=500, times=None)
    page.press("Refresh")
    page.sees("Azure DevOps is not available", "try again later", "Try again")
    azure_devops.clear_faults()
    page.press("Try again")
    page.sees("Sent. 2 records are not up to date.")


def test_a_record_is_linked_by_hand_and_unlinked_after_a_question(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    story, feature = make_work_item(azure_devops, "User%20Story"), make_work_item(azure_devops, "Feature")
    open_features(page, integration, "PROD-2")
    page.press("Link to a work item")
    page.type("Work item for PROD-2", "the second one")
    page.press("Link")
    assert "Enter the number of a work item" in page.fault_at("Work item for PROD-2")
    page.type("Work item for PROD-2", f"#{story}")
    page.keys(Keys.ENTER)
    page.sees("User Story")
    assert "Feature" in page.fault_at("Work item for PROD-2")
    page.type("Work item for PROD-2", f"https://dev.azure.com/fabrikam/Fabrikam/_workitems/edit/{feature}/")
    page.keys(Keys.ENTER)
    page.sees(f"PROD-2 is linked to work item {feature}.", "Changed on both sides")
    assert azure_devops.fields(feature)["System.Title"] == "By an engineer"

    page.press("Unlink")
    page.sees(f"Unlink PROD-2 from Feature {feature}?", "The work item stays in Azure DevOps as it is.")
    page.press("Keep the link")
    page.sees_no("Unlink PROD-2 from")
    page.press("Unlink")
    page.click("dialog[open] button.danger")
    page.sees(
        f"PROD-2 was unlinked. Feature {feature} stays in Azure DevOps.",
        "Not sent",
        "No feature has a work item",
    )
    assert azure_devops.ids() == [story, feature]


def test_without_aha_events_are_sent_by_hand_and_links_are_listed(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    api.put_integration(
        integration.id, {key: value for key, value in integration.body.items() if key != "aha"}
    )
    for number in range(1, 21):
        api.send(integration.id, {"feature": {"id": f"F-{number}", "name": "Of another tool"}})

    open_features(page, integration)
    page.sees("The integration has no Aha! address and key", "Event as JSON", "Feature 20")
    page.press("Check the event")
    assert page.fault_at("Event as JSON") == "Paste an event first."
    page.paste("Event as JSON", "{")
    page.press("Check the event")
    assert "This is not valid JSON" in page.fault_at("Event as JSON")
    page.paste("Event as JSON", json.dumps({"feature": {"id": "F-21", "name": "By hand"}}))
    page.press("Check the event")
    page.sees("Everything can be sent", "Would be created")
    page.press("Send the event")
    page.sees("Everything was sent", "Feature 21")
    page.press("Show more")
    page.sees_no("Show more")
    assert page.focused().text.startswith("F-21")


def test_what_aha_does_not_answer_can_be_tried_again(
    page: Page, aha: Aha, integration: IntegrationUnderTest
) -> None:
    aha.add_fault(path="/products/PROD/features", status=401, times=None)
    open_features(page, integration, "PROD-99")
    page.sees("does not accept the API token", "Aha! shows no feature PROD-99.")
    aha.clear_faults()
    page.press("Try again")
    page.sees("5 features")


def test_it_works_by_the_keyboard_alone(
    page: Page, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    open_features(page, integration)
    page.sees("5 features")
    page.tab_to(lambda one: one == page.field("Name or reference"))
    page.keys("card", Keys.ENTER)
    page.tab_to(lambda one: one.text.startswith("PROD-2"))
    page.keys(Keys.SPACE)
    page.sees("Not sent to Azure DevOps yet.")
    page.tab_to(lambda one: one.text == "Send")
    page.keys(Keys.ENTER)
    page.sees("Everything was sent", "Feature 1")
    page.tab_to(lambda one: one.text == "Unlink…")
    page.keys(Keys.ENTER)
    page.sees("Unlink PROD-2 from Feature 1?")
    page.keys(Keys.ESCAPE)
    page.sees_no("Unlink PROD-2 from")
    assert azure_devops.ids() == [1]
