"""The list says which integration needs attention; the log answers what happened, one line for each operation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

PAGE = 200
"""Entries that the page reads at once."""


def come_back(page: Page) -> None:
    """What the browser tells the page when a person returns to its window."""
    page.browser.execute_script("dispatchEvent(new Event('focus'))")


def send_without_a_name(api: Api, integration: IntegrationUnderTest, reference: str) -> None:
    """A caller's mistake: a new work item needs a name."""
    answer = api.send(integration.id, {"feature": {"id": reference, "reference_num": reference}})
    assert answer.status_code == 400, answer.text


def operations(page: Page) -> list[str]:
    """The lines that are shown, without what is inside those that are open."""
    return [one.text for one in page.all(".operations > .operation > .operation-line > summary")]


def test_a_refused_token_is_seen_in_the_list_and_gone_once_a_send_succeeds(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    azure_devops.add_fault(status=401, times=None)
    operation = api.send_reference(integration.id, "PROD-1").json()["operation_id"]
    azure_devops.clear_faults()

    page.open()
    page.sees("Needs attention", "1 problem")
    page.press("1 problem")
    page.sees("Azure DevOps refused the token", "Create a new personal access token", "Save a new token")
    # Its requirements may be named before it.
    assert page.find(f"a[href='#/i/{integration.id}/log?reference=PROD-1']").text == "PROD-1"
    page.follow("What happened")
    page.sees("1 operation with this id", "Send of PROD-1", "Failed", "PROD-1 was not sent.")
    assert page.value("What happened to") == operation

    page.follow("All integrations")
    page.sees("Needs attention")
    assert api.send_reference(integration.id, "PROD-1").status_code == 201
    come_back(page)
    page.sees_no("Needs attention")
    page.sees("Enabled", "just now")


def test_a_service_hook_that_is_missing_is_seen_in_the_list_and_created_from_there(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    (known,) = azure_devops.get("/_apis/hooks/subscriptions").json()["value"]
    azure_devops.delete(f"/_apis/hooks/subscriptions/{known['id']}")
    # A caller's mistake is no problem of the integration.
    send_without_a_name(api, integration, "PROD-1")

    page.open()
    page.sees("Needs attention", "Service hook\nNone")
    page.press("1 problem")
    page.follow("Create it")
    page.press("Create the subscription")
    page.sees("The subscription was created.")
    page.follow("All integrations")
    page.sees("Last sent", "Service hook\nEnabled")
    page.sees_no("Needs attention")


def test_what_happened_to_a_record_is_answered_by_typing_its_reference(
    page: Page, api: Api, azure_devops: AzureDevOps, aha: Aha, integration: IntegrationUnderTest
) -> None:
    page.open(f"#/i/{integration.id}/log")
    page.sees("Configuration", "The integration was created.")
    azure_devops.add_fault(path="wit/attachments", status=400, times=None)
    operation = api.send(integration.id, aha.event("PROD-1")).json()["operation_id"]
    api.send_reference(integration.id, "PROD-2")
    # Both come by themselves, the newest first.
    page.sees("Send of PROD-2", "Send of PROD-1", "4 created, not everything done", "3 operations")

    page.type("What happened to", "prod-1")
    page.sees("1 operation about prod-1, newest first")
    page.click(".operation-line > summary")
    page.sees("Work item 1 was created for PROD-1.", "What to do: Correct what the message names")
    record, item = (page.link(words).get_attribute("href") for words in ("PROD-1", "Work item 1"))
    assert record == f"{aha.account_url}/features/PROD-1"
    assert item == f"{azure_devops.url}/Fabrikam/_workitems/edit/1"
    page.choose("Level", "Errors")
    page.sees("1 operation about prod-1, with errors")
    page.sees_no("Work item 1 was created")

    # The address has it all, and an operation alone shows all of its entries.
    page.browser.refresh()
    page.sees("1 operation about prod-1, with errors")
    page.click(".operation-line > summary")
    page.follow("Show only this operation")
    page.sees("1 operation with this id", "Work item 1 was created for PROD-1.")
    assert page.value("What happened to") == operation
    page.follow("Log")
    page.sees("The integration was created.", "3 operations, newest first")
    page.type("Event", "work-item.created")
    page.type("What happened to", "#5")
    page.sees("1 operation about work item 5, with work-item.created")
    page.press("Show all entries")
    page.sees("3 operations, newest first")
    assert (page.value("Event"), page.value("What happened to")) == ("", "")


def test_what_looks_like_a_reference_and_is_none_is_searched_for_in_messages(
    page: Page, api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    gone = {"id": "1", "file_name": "sha-256", "file_size": 1, "download_url": f"{aha.account_url}/gone"}
    feature = {"id": "1", "reference_num": "PROD-7", "name": "Pay by card", "attachments": [gone]}
    api.send(integration.id, {"feature": feature})
    page.open(f"#/i/{integration.id}/log")
    page.type("What happened to", "sha-256")
    page.sees("No entries about sha-256.")
    page.press("Search the messages for")

    page.sees("1 operation with “sha-256” in a message")
    assert page.value("What happened to") == '"sha-256"'


def test_what_is_asked_before_it_happens_is_answered_when_it_does(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    page.open(f"#/i/{integration.id}/log")
    page.type("What happened to", "PROD-7")
    page.sees("No entries about PROD-7.")
    send_without_a_name(api, integration, "PROD-7")
    # The page searches again after ten seconds.
    page.browser.execute_script("const now = Date.now; Date.now = () => now() + 10_000")

    page.sees("1 operation about PROD-7", "Send of PROD-7", "Refused")


def test_equal_operations_are_one_line_and_older_ones_can_be_asked_for(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    send_without_a_name(api, integration, "PROD-8")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: send_without_a_name(api, integration, "PROD-7"), range(PAGE)))
    send_without_a_name(api, integration, "PROD-9")

    page.open(f"#/i/{integration.id}/log")
    page.sees(f"{PAGE} operations, newest first", f"× {PAGE - 1}")
    assert len(operations(page)) == 2
    page.press("Show older operations")
    page.sees("203 operations, newest first", f"× {PAGE}", "Send of PROD-8", "The integration was created.")
    page.type("What happened to", "is missing")
    page.sees(f"{PAGE} operations with “is missing” in a message", f"× {PAGE - 1}")
    page.press("Show older operations")
    page.sees("202 operations with “is missing” in a message", "Send of PROD-8")
    page.sees_no("The integration was created.")


def test_the_log_is_read_by_the_keyboard_and_keeps_the_focus_while_it_grows(
    page: Page, api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    api.send(integration.id, aha.event("PROD-1"))
    page.open(f"#/i/{integration.id}/log")
    page.sees("Send of PROD-1")
    page.tab_to(lambda one: one.tag_name == "summary" and "Send of PROD-1" in one.text)
    page.keys(Keys.ENTER)
    page.sees("Work item 1 was created for PROD-1.")
    line = page.focused()

    api.send_reference(integration.id, "PROD-2")
    page.sees("Send of PROD-2", "Work item 1 was created for PROD-1.")
    assert page.focused() == line
    page.tab_to(lambda one: one.get_attribute("href") == f"{aha.account_url}/features/PROD-1")
