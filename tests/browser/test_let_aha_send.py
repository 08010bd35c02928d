"""A person lets Aha!'s own Integration webhook send, and sees on the page what the first press did."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from local.system import LocalSystem
from tests.browser.aha_page import AhaPage
from tests.browser.page import Page
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest


def pasted(page: Page) -> str:
    """What the clipboard holds: pasted into the field of the key."""
    page.type("Key of SendFeature", "")
    page.hold(Keys.CONTROL, "v")
    return page.value("Key of SendFeature")


def send_on_the_feature_s_page(page: Page, aha: Aha) -> None:
    """What a product manager does in another tab; Aha!'s own log shows there how the app answered."""
    console = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    in_aha = AhaPage(page.browser, aha.account_url)
    in_aha.show("/features/PROD-1")
    in_aha.click("#send summary")
    in_aha.click("#send-button")
    in_aha.click("#log-card summary")
    in_aha.sees("create_release: 200", "create_feature: 201")
    page.browser.close()
    page.browser.switch_to.window(console)


def test_the_hook_url_is_copied_and_the_first_press_is_seen(
    page: Page,
    system: LocalSystem,
    aha: Aha,
    azure_devops: AzureDevOps,
    integration: IntegrationUnderTest,
) -> None:
    page.open(f"#/i/{integration.id}/aha")
    page.sees("Waiting for the first event from Aha!")
    page.type("Key of SendFeature", "wrong")
    page.keys(Keys.TAB)
    page.sees("does not accept this key")
    page.type("Key of SendFeature", system.function_key)
    page.keys(Keys.TAB)
    page.sees("it opens every function of the app")
    page.type("Key of SendFeature", system.send_key)
    page.keys(Keys.ENTER)
    page.sees("The key opens only SendFeature.")
    assert system.send_key not in str(page.find(".with-copy input").get_property("value"))
    page.press("Copy")
    page.sees("Copied")
    hook_url = pasted(page)
    address = f"{system.functions_url}/api/integrations/{integration.id}/features"
    assert hook_url == f"{address}?code={system.send_key}"

    aha.control("PUT", "/products/PROD/webhook", {"url": hook_url})
    send_on_the_feature_s_page(page, aha)
    page.sees("Aha! reached this app.", "was created for PROD-1.", "was created for PROD-1-3.")
    assert len(azure_devops.ids()) == 4
    kept = page.browser.execute_script(
        "return JSON.stringify([localStorage, sessionStorage]) + document.documentElement.outerHTML + document.cookie"
    )
    assert system.send_key not in kept


def test_a_release_s_event_shows_that_aha_reaches_the_app(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    page.open(f"#/i/{integration.id}/aha")
    page.sees("Waiting for the first event from Aha!")
    event = {"event": "create_release", "release": {"id": "1"}}
    answer = api.post(f"/integrations/{integration.id}/features", json=event)
    assert (answer.status_code, answer.json()["reason"]) == (200, "release_event")
    page.sees(
        "Aha! reached this app.", "Aha! sent the feature's release first.", "Waiting for the feature itself"
    )


def test_an_error_is_shown_in_words_and_the_next_press_replaces_it(
    page: Page, system: LocalSystem, api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    hook_url = f"{system.functions_url}/api/integrations/{integration.id}/features?code={system.send_key}"
    api.put_integration(integration.id, {**integration.body, "enabled": False})
    page.open(f"#/i/{integration.id}/aha")
    page.sees("the app refuses what Aha! sends", "Waiting for the first event")
    aha.control("PUT", "/products/PROD/webhook", {"url": hook_url})
    aha.press_send("PROD-1")
    page.sees("It was not sent", "is disabled", "press Send in Aha! again")
    unknown = {**integration.body["aha"], "integration_id": "1"}
    api.put_integration(integration.id, {**integration.body, "aha": unknown})
    aha.press_send("PROD-1")
    # Sent, but the link to the work item could not be written into Aha!.
    page.sees("was created for PROD-1.", "integration fields of PROD-1")
    page.sees_no("It was not sent")


def test_it_works_by_the_keyboard_alone(
    page: Page, system: LocalSystem, integration: IntegrationUnderTest
) -> None:
    page.open(f"#/i/{integration.id}")
    page.sees("can be created in")
    page.tab_to(lambda one: one.text == "Let Aha! send")
    page.keys(Keys.ENTER)
    page.sees("Waiting for the first event")
    page.tab_to(lambda one: one == page.field("Key of SendFeature"))
    page.keys(system.send_key, Keys.TAB)
    page.sees("The key opens only SendFeature.")
    page.tab_to(lambda one: one.text == "Copy")
    page.keys(Keys.ENTER)
    page.sees("Copied")
    page.tab_to(lambda one: one.text == "Nothing arrives?")
    page.keys(Keys.ENTER)
    page.sees("the key in the Hook URL is wrong")
