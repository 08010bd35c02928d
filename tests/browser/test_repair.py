"""What goes wrong is said beside what caused it, with what to do; and then it is repaired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selenium.webdriver.common.keys import Keys

from local.system import AHA_TOKEN, READ_TOKEN, WRITE_TOKEN
from tests.browser.page import Page
from tests.browser.test_set_up import connect
from tests.e2e.configuration_bodies import changed
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest


def open_integration(page: Page, integration: IntegrationUnderTest, view: str = "") -> None:
    page.open(f"#/i/{integration.id}{view}")
    page.sees("Fabrikam web")


def save_with(api: Api, integration: IntegrationUnderTest, changes: Mapping[str, Any]) -> None:
    answer = api.put_integration(integration.id, changed(integration.body, changes))
    assert answer.status_code == 200, answer.text


def test_a_wrong_function_key_is_asked_for_again_and_kept_for_the_session_only(
    page: Page, system: Any
) -> None:
    page.start(None)
    page.open()
    page.sees("Functions → App keys", "python dev.py run")
    page.type("Key", "not-the-key")
    page.press("Continue")
    assert "does not accept this key" in page.fault_at("Key")
    page.type("Key", system.function_key)
    page.press("Continue")
    page.sees("Connect a product with a project")

    kept = page.browser.execute_script(
        "return [Object.values(sessionStorage), Object.keys(localStorage), document.cookie]"
    )
    assert kept == [[system.function_key], [], ""]
    page.press("Forget the function key")
    page.field("Key")


def test_a_wrong_account_and_a_wrong_token_are_refused_beside_them(page: Page) -> None:
    page.open("#/new")
    page.press("Test connection")
    page.sees("This must not be empty.")
    page.type("Account", "contoso")
    page.type("Personal access token", "sandbox-write-token")
    page.press("Test connection")
    assert "knows no organization “contoso”" in page.fault_at("Account")

    page.type("Account", "fabrikam")
    page.type("Personal access token", "nobody-knows-this-one")
    page.press("Test connection")
    assert "Create a new personal access token" in page.fault_at("Personal access token")
    # How to make one is unfolded by itself.
    page.sees("Custom defined")
    page.type("Personal access token", "sandbox-write-token")
    page.press("Test connection")
    page.sees("The token is accepted")
    page.sees_no("sign-in page")


def test_a_token_that_only_reads_is_found_out_when_it_is_saved(
    page: Page, integration: IntegrationUnderTest
) -> None:
    open_integration(page, integration)
    page.sees("Feature and User Story can be created")
    page.type("Personal access token", READ_TOKEN)
    page.press("Save")

    page.sees("Saved.", "Needs attention: Azure DevOps token")
    assert "lacks the scope “Work Items (Read & write)”" in page.fault_at("Personal access token")


def test_a_token_that_may_not_subscribe_leaves_the_steps_by_hand(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    for one in azure_devops.get("/_apis/hooks/subscriptions").json()["value"]:
        azure_devops.delete(f"/_apis/hooks/subscriptions/{one['id']}")
    save_with(api, integration, {"/azure_devops/personal_access_token": READ_TOKEN})

    open_integration(page, integration, "/hook")
    page.press("Create the subscription")

    page.sees(
        "may not edit service hook subscriptions", "Create the subscription by hand", "Work item updated"
    )


def test_a_subscription_that_azure_devops_disabled_is_switched_on_again(
    page: Page, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    (known,) = azure_devops.get("/_apis/hooks/subscriptions").json()["value"]
    answer = azure_devops.put(
        f"/_apis/hooks/subscriptions/{known['id']}", {**known, "status": "disabledByUser"}
    )
    assert answer.ok, answer.text

    open_integration(page, integration, "/hook")
    page.sees("Disabled by a person")
    settings = page.link("Project settings → Service hooks").get_attribute("href")
    assert settings == f"{azure_devops.url}/Fabrikam/_settings/serviceHooks"
    page.press("Enable it again")

    page.sees("already existed. It works now")
    (after,) = azure_devops.get("/_apis/hooks/subscriptions").json()["value"]
    assert (after["id"], after["status"]) == (known["id"], "enabled")


def test_a_new_webhook_url_is_given_to_the_subscription(
    page: Page, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    open_integration(page, integration, "/hook")
    page.sees("reports every changed work item")
    page.press("Has the URL leaked?")
    page.press("Create a new URL")

    page.sees("The webhook URL was replaced, and the subscription calls the new one.", "Enabled")
    url = page.find(".with-copy input").get_property("value")
    assert url != integration.webhook_url
    (after,) = azure_devops.get("/_apis/hooks/subscriptions").json()["value"]
    assert after["consumerInputs"]["url"] == url


def test_a_subscription_that_the_token_may_not_change_is_named_with_what_to_do_by_hand(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    (known,) = azure_devops.get("/_apis/hooks/subscriptions").json()["value"]
    save_with(api, integration, {"/azure_devops/personal_access_token": READ_TOKEN})
    open_integration(page, integration, "/hook")
    page.sees("reports every changed work item")
    page.press("Has the URL leaked?")
    page.press("Create a new URL")

    page.sees(
        "The webhook URL was replaced, but the subscription still calls the old one",
        "may not edit service hook",
    )
    page.sees("Old webhook URL", known["id"], "paste the URL below, or delete it and create another")
    save_with(api, integration, {"/azure_devops/personal_access_token": WRITE_TOKEN})
    page.press("Change it to the new URL")
    page.sees("works now", "Enabled")
    (after,) = azure_devops.get("/_apis/hooks/subscriptions").json()["value"]
    assert after["consumerInputs"]["url"] == page.find(".with-copy input").get_property("value")


def test_while_azure_devops_is_down_it_says_so_and_can_be_tried_again(
    page: Page, azure_devops: AzureDevOps
) -> None:
    azure_devops.add_fault(status=503, times=None)
    page.open("#/new")
    page.type("Account", "fabrikam")
    page.type("Personal access token", "sandbox-write-token")
    page.press("Test connection")

    page.sees("Azure DevOps is not available", "Nothing has to be repaired")
    azure_devops.clear_faults()
    page.press("Try again")
    page.sees("The token is accepted")


def test_a_token_that_is_corrected_while_the_first_is_tested_is_the_one_that_counts(
    page: Page, azure_devops: AzureDevOps
) -> None:
    azure_devops.set_latency(1000)
    page.open("#/new")
    page.type("Account", "fabrikam")
    page.type("Personal access token", "nobody-knows-this-one")
    page.keys(Keys.TAB)
    page.sees("Asking Azure DevOps…")
    assert page.button("Test connection").get_attribute("aria-disabled") == "true"
    page.type("Personal access token", WRITE_TOKEN)
    page.keys(Keys.TAB)

    page.sees("The token is accepted")
    page.sees_no("Asking Azure DevOps…")
    page.sees_no("Create a new personal access token")


def test_a_required_field_without_a_default_holds_up_the_switch_until_it_has_one(
    page: Page, api: Api, aha: Aha
) -> None:
    page.open("#/new")
    connect(page)
    page.choose_area("Devices")
    page.type("Product", "PROD")
    page.unfold("feature")
    page.choose("A feature becomes", "Customer Request")
    page.sees("required", "Custom.Team")
    page.click("#enabled")
    page.press("Save")

    assert "Give it a value" in page.fault_at("Team")
    assert page.focused() == page.field("Team")
    page.type("Team", "Gardening")
    page.press("Save")
    # Saved, but Azure DevOps knows no such team.
    page.sees("Custom.Team", "breaks a rule")
    page.type("Team", "Web")
    page.press("Save")
    page.sees("Saved.", "Customer Request and User Story can be created")


def test_a_project_that_was_renamed_is_chosen_anew_and_keeps_its_area(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    save_with(
        api,
        integration,
        {"/azure_devops/project": "Renamed since", "/azure_devops/area_path": "Renamed since\\Web\\Checkout"},
    )

    open_integration(page, integration)
    assert "does not exist" in page.fault_at("Project")
    page.sees("Needs attention: Project")
    page.choose("Project", "Fabrikam")
    page.sees("Fabrikam has 17 areas", "Chosen: Fabrikam\\Web\\Checkout")
    page.press("Save")
    page.sees("Saved.", "can be created in Fabrikam\\Web\\Checkout")
    page.sees_no("Needs attention")


def test_a_product_that_is_gone_from_aha_can_be_exchanged(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    save_with(api, integration, {"/product_id": "GONE"})

    open_integration(page, integration)
    assert "does not exist in Aha!" in page.fault_at("Product")
    page.press("Product")
    assert page.focused() == page.field("Product")
    page.choose("Product", "Fabrikam web (PROD)")
    page.sees("It has 7 statuses")
    page.press("Save")
    page.sees("Saved.")
    page.sees_no("Needs attention")


def test_one_that_is_switched_off_is_enabled_where_that_is_said(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    save_with(api, integration, {"/enabled": False})

    open_integration(page, integration)
    page.sees("Complete, but not enabled.")
    page.press("Enable it")
    page.follow("Next: let Azure DevOps report changes")
    page.sees("reports every changed work item")
    assert api.get(f"/integrations/{integration.id}").json()["enabled"] is True


def test_links_and_automatic_sends_are_chosen_and_a_key_that_is_not_shown_stays(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    save_with(api, integration, {"/aha/link_back": "none", "/aha/integration_id": "7102368429104850043"})

    open_integration(page, integration)
    page.sees("can be created", "Nothing is written into the field Integrations.")
    assert page.field("None").is_selected()
    page.click("#link-back-all")
    page.click("#auto_update")
    page.press("Save")
    page.sees("Saved.")

    after = api.get(f"/integrations/{integration.id}").json()
    assert after["auto_update"] is True
    assert (after["aha"]["link_back"], after["aha"]["integration_id"]) == ("all", "7102368429104850043")
    assert page.field("Features and requirements").is_selected()
    assert page.field("Send changes automatically").is_selected()


def test_faults_are_shown_beside_their_fields_and_the_first_has_the_focus(page: Page, api: Api) -> None:
    page.open("#/new")
    page.type("Account", "no account at all")
    page.type("Address", "not an address")
    page.press("Save")

    assert "Choose its product" in page.fault_at("Product")
    assert "Give it a name" in page.fault_at("Name")
    assert page.focused() == page.field("Product")
    # A mark goes with its cause; “Not saved” goes with the last.
    page.type("Product", "PROD")
    page.sees_no("Choose its product")
    page.sees("Not saved.")
    page.type("Name", "x")
    page.sees_no("Not saved.")
    page.press("Save")
    assert "must be the name or the URL of an organization" in page.fault_at("Account")
    assert "without a path" in page.fault_at("Address")
    assert page.focused() == page.field("Account")
    page.type("Account", "fabrikam")
    page.type("Address", "")
    page.press("Save")
    page.sees("Saved.")


def test_a_product_that_another_integration_has_is_shown_as_taken_with_the_way_to_it(
    page: Page, api: Api, aha: Aha, integration: IntegrationUnderTest
) -> None:
    page.open("#/new")
    page.type("Product", "prod")
    # Before it is saved, and with a link; the id that is proposed is a free one.
    assert "belongs to the integration Fabrikam web" in page.fault_at("Product")
    page.type("Name", integration.id)
    assert page.value("Id") == f"{integration.id}-2"
    page.type("Id", integration.id)
    assert "already an integration with this id" in page.fault_at("Id")
    page.type("Name", "Second")
    page.press("Save")
    page.sees("Not saved.")
    assert "belongs to the integration" in page.fault_at("Product")
    page.type("Product", "MOB")
    page.sees_no("Not saved.")
    page.sees_no("belongs to the integration")
    # Nobody's integration is replaced.
    page.press("Save")
    page.sees("Not saved.")
    assert "already" in page.fault_at("Id")
    assert api.get(f"/integrations/{integration.id}").json()["product_id"] == "PROD"

    # In the list of products it cannot be chosen. An address without https:// and with a path is one, too.
    page.type("Product", "")
    page.type("Address", f"{aha.account_url}/products/PROD/feature_cards")
    page.type("API key", AHA_TOKEN)
    page.keys(Keys.TAB)
    page.sees("1 product is taken")
    assert page.value("Address") == aha.account_url
    assert page.options("Product")[1:] == [
        "Fabrikam mobile (MOB)",
        "Fabrikam web (PROD): taken by Fabrikam web",
    ]
    page.type("Address", "company.aha.io/")
    page.keys(Keys.TAB)
    assert page.value("Address") == "https://company.aha.io"


def test_a_product_that_was_taken_meanwhile_is_refused_beside_the_product(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    page.open("#/new")
    page.type("Name", "Second")
    page.type("Product", "MOB")
    save_with(api, integration, {"/product_id": "MOB"})
    page.press("Save")

    # What the app refused is shown with a link to the other integration.
    page.sees("Not saved.", "first give that integration another one")
    assert "belongs to the integration" in page.fault_at("Product")
    assert page.focused() == page.field("Product")
    page.follow("Fabrikam web")
    page.sees("Service hook")


def test_a_save_in_between_is_shown_and_neither_is_lost(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    def both_save(theirs: str) -> None:
        page.type("Name", "Mine")
        save_with(api, integration, {"/name": theirs, "/feature/status_mapping/Active": "In code review"})
        page.press("Save")
        page.sees("Somebody else saved", "Here: Mine", f"Theirs: {theirs}")

    def stored() -> tuple[str, str]:
        after = api.get(f"/integrations/{integration.id}").json()
        return after["name"], after["feature"]["status_mapping"]["Active"]

    open_integration(page, integration)
    page.sees("can be created")
    both_save("Theirs")
    page.sees("Status for Active (features)")
    page.press("Use all of theirs")
    page.sees_no("Somebody else saved")
    assert (page.value("Name"), page.value("Active", "feature")) == ("Theirs", "In code review")
    assert stored() == ("Theirs", "In code review")

    both_save("Theirs again")
    page.press("Continue with these values")
    page.sees_no("Somebody else saved")
    assert (page.value("Name"), page.value("Active", "feature")) == ("Mine", "In code review")
    page.press("Save")
    page.sees("Saved.")
    assert stored() == ("Mine", "In code review")


def test_unsaved_changes_stay_until_they_are_saved_or_discarded(
    page: Page, api: Api, integration: IntegrationUnderTest
) -> None:
    open_integration(page, integration)
    page.sees("can be created")
    page.type("Name", "Renamed")
    page.type("Personal access token", "a-token-being-typed")
    page.follow("All integrations")
    page.sees("There are unsaved changes")
    page.follow("Features")
    page.sees("A send uses the saved configuration.")
    page.follow("Set up")
    assert page.value("Name") == "Renamed"

    # Leaving asks first; the driver answers for the person. Then what was typed is there again, but no token.
    asks = "const leaving = new Event('beforeunload', {cancelable: true}); dispatchEvent(leaving);"
    assert page.browser.execute_script(f"{asks} return leaving.defaultPrevented") is True
    page.browser.refresh()
    page.sees("Your unsaved changes were restored")
    assert page.value("Name") == "Renamed"
    assert page.value("Personal access token") == ""
    assert "a-token-being-typed" not in str(
        page.browser.execute_script("return Object.values(sessionStorage)")
    )

    page.press("Discard changes")
    page.sees("Your changes were discarded.")
    assert page.value("Name") == "Fabrikam web"


def test_an_integration_is_deleted_with_its_subscription_after_a_question(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    open_integration(page, integration)
    page.sees("can be created")
    page.press("Delete this integration")
    page.press("Delete…")
    page.sees("What stays:", "The work items in Azure DevOps.", "The records in Aha!")
    page.sees_no("Looking for the subscription")
    page.press("Keep it")
    page.press("Delete…")
    assert page.field("Delete its service hook subscription").is_selected()
    page.click("dialog[open] button.danger")

    page.sees("Connect a product with a project")
    assert api.get(f"/integrations/{integration.id}").status_code == 404
    assert azure_devops.get("/_apis/hooks/subscriptions").json()["value"] == []


def test_a_subscription_that_may_not_be_deleted_is_left_if_a_person_says_so(
    page: Page, api: Api, azure_devops: AzureDevOps, integration: IntegrationUnderTest
) -> None:
    save_with(api, integration, {"/azure_devops/personal_access_token": READ_TOKEN})
    open_integration(page, integration)
    page.sees("lacks the scope")
    page.press("Delete this integration")
    page.press("Delete…")
    page.sees_no("Looking for the subscription")
    page.click("dialog[open] button.danger")

    page.sees("Nothing was deleted", "may not edit service hook")
    assert api.get(f"/integrations/{integration.id}").status_code == 200
    page.press("Delete the integration and leave the subscription")
    page.sees("Connect a product with a project")
    assert len(azure_devops.get("/_apis/hooks/subscriptions").json()["value"]) == 1
