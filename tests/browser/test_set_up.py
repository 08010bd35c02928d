"""A product manager who has never seen the page sets up an integration and sends a first feature."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from local.system import AHA_TOKEN, WRITE_TOKEN
from tests.browser.page import Page
from tests.e2e.system import Aha, Api, AzureDevOps, eventually


def connect(page: Page, token: str = WRITE_TOKEN) -> None:
    """Step 1, and step 4 up to the area."""
    page.type("Account", "https://dev.azure.com/fabrikam")
    page.type("Personal access token", token)
    page.press("Test connection")
    page.sees("The token is accepted")
    page.choose("Project", "Fabrikam")
    page.sees("Fabrikam has 17 areas")


def connect_aha(page: Page, aha: Aha) -> None:
    """Steps 2 and 3."""
    page.type("Address", aha.account_url)
    page.type("API key", AHA_TOKEN)
    page.keys(Keys.TAB)
    page.choose("Product", "Fabrikam web (PROD)")
    page.sees("It has 7 statuses for features and 5 for requirements")


def marks(page: Page) -> dict[str, str]:
    """The steps that are proposed or need attention, as the list of steps says."""
    marked = (one.text.partition("\n") for one in page.all(".steps li:has(.mark)"))
    return {title: mark for title, _, mark in marked}


def test_the_whole_way_from_nothing_to_a_state_that_came_back(
    page: Page, api: Api, azure_devops: AzureDevOps, aha: Aha
) -> None:
    page.open()
    page.sees("Connect a product with a project")
    page.follow("New integration")
    # Tokens are tested when they are there; nobody has to press a button for it.
    page.type("Account", "https://dev.azure.com/fabrikam")
    page.type("Personal access token", WRITE_TOKEN)
    connect_aha(page, aha)
    page.sees("The token is accepted")
    page.choose("Project", "Fabrikam")
    page.choose_area("Checkout")
    page.sees("Chosen: Fabrikam\\Web\\Checkout")

    # Types and statuses are proposed, and not done before somebody checks them.
    page.sees("Feature, 5 of 5 states mapped", "User Story, 5 of 5 states mapped", "not checked yet")
    assert marks(page) == {"Features": "proposed", "Requirements": "proposed"}
    page.press("The type and the statuses of features")
    assert page.value("A feature becomes") == "Feature"
    assert page.value("Active", "feature") == "In progress"
    assert page.value("Closed", "feature") == "Shipped"
    page.choose("Resolved", "In code review", "feature")
    page.unfold("requirement")
    assert page.value("A requirement becomes") == "User Story"
    assert page.value("Resolved", "requirement") == "In test"
    assert page.options("Resolved", "requirement")[1:] == [
        "Under consideration",
        "In progress",
        "In test",
        "Shipped",
        "Will not implement",
    ]
    assert marks(page) == {}
    page.sees_no("not checked yet")

    # It has a name and an id already.
    assert page.value("Name") == "Fabrikam web"
    assert page.value("Id") == "fabrikam-web"
    # The review is in names.
    page.sees("fabrikam / Fabrikam")
    facts = [one.text for one in page.all("[data-step=review] dd")]
    assert facts[3] == "Fabrikam web (PROD)"
    assert "In code review" in facts[4]
    page.sees_no("Missing before it can be enabled")
    page.press("Save and enable")
    page.sees("Saved.", "Feature and User Story can be created in Fabrikam\\Web\\Checkout.")
    assert page.value("Personal access token") == ""
    assert page.value("API key") == ""
    saved = api.get("/integrations/fabrikam-web").json()
    assert saved["enabled"] is True
    assert saved["azure_devops"]["area_path"] == "Fabrikam\\Web\\Checkout"
    assert saved["feature"]["status_mapping"]["Resolved"] == "In code review"
    ready = [one.get_property("value") for one in page.all(".addresses input")]
    send = f"{api.url}/integrations/fabrikam-web/features"
    assert ready == ["fabrikam-web", send, saved["webhook_url"]]

    page.follow("let Azure DevOps report changes")
    page.sees("No subscription")
    page.press("Create the subscription")
    page.sees("The subscription was created.", "Enabled")
    assert page.find(".with-copy input").get_property("value") == saved["webhook_url"]

    page.follow("send a feature")
    page.press("PROD-1")
    page.press("Check")
    page.sees("Everything can be sent", "Would be created")
    assert azure_devops.ids() == []
    page.press("Send")
    page.sees("Everything was sent", "PROD-1", "Feature 1")
    assert azure_devops.fields(1)["System.AreaPath"] == "Fabrikam\\Web\\Checkout"

    page.follow("Log")
    page.sees("Send of PROD-1", "4 created")
    azure_devops.edit(1, {"System.State": "Active"})
    eventually(lambda: aha.status("PROD-1") == "In progress")
    page.sees("Notification of work item 1", "Written to Aha!")


def test_it_can_be_saved_half_done_and_gone_on_with_later(page: Page, api: Api) -> None:
    page.open("#/new")
    page.type("Product", "MOB")
    page.type("Name", "Fabrikam móbile")
    assert page.value("Id") == "fabrikam-mobile"
    page.press("Save")
    page.sees("Saved.")

    page.follow("All integrations")
    page.sees("Fabrikam móbile", "Incomplete", "Missing: the Azure DevOps account")
    page.follow("Fabrikam móbile")
    page.sees("Missing: The Azure DevOps account, The Azure DevOps token and 4 more")
    page.type("Account", "fabrikam")
    page.type("Personal access token", WRITE_TOKEN)
    page.paste("Last day of the token", "2026-01-31")
    page.hold(Keys.CONTROL, "s")
    page.sees("Saved.", "Missing: The project")
    target = api.get("/integrations/fabrikam-mobile").json()["azure_devops"]
    assert (target["account_name"], target["token_expires_on"]) == ("fabrikam", "2026-01-31")
    # Another token has another last day, and without another one it stays.
    page.type("Personal access token", "another-token")
    assert page.value("Last day of the token") == ""
    page.press("Discard changes")
    page.sees("Your changes were discarded.")
    assert page.value("Last day of the token") == "2026-01-31"
    page.follow("All integrations")
    page.press("1 problem")
    page.sees("The Azure DevOps token expired", "expired on 2026-01-31. Create a new one", "Save a new token")


def test_discarding_a_new_one_leaves_nothing_of_it(page: Page, azure_devops: AzureDevOps) -> None:
    page.open("#/new")
    connect(page)
    # Choosing a project asks for its areas and types once.
    read = [one["path"] for one in azure_devops.requests() if one["path"].lower().endswith("/areas")]
    assert len(read) == 1
    page.press("Discard changes")
    page.sees("Your changes were discarded.", "Test the connection first")
    assert page.value("Account") == ""
    assert page.value("Personal access token") == ""
    assert page.value("Project") == ""
    page.sees_no("The token is accepted")


def test_what_was_typed_is_kept_when_aha_is_connected_afterwards(page: Page, api: Api, aha: Aha) -> None:
    page.open("#/new")
    connect(page)
    page.unfold("feature")
    page.type("Active", "Being made", "feature")
    page.type("Resolved", "in CODE review", "feature")
    page.type("Removed", "", "feature")
    page.press("Connect Aha! to choose from its statuses")
    assert page.focused() == page.field("Address")
    page.type("Address", aha.account_url)
    page.type("API key", AHA_TOKEN)
    page.keys(Keys.ENTER)
    page.sees("It can see 2 products.")
    page.press("Choose the Aha! product to choose from its statuses")
    assert page.focused() == page.field("Product")
    page.choose("Product", "Fabrikam web (PROD)")
    page.sees("It has 7 statuses for features and 5 for requirements")

    # A choice now: a name that the product has is that one, another one stays and is marked.
    assert page.value("Resolved", "feature") == "In code review"
    assert page.value("Active", "feature") == "Being made (not a status of the product)"
    assert page.value("Removed", "feature") == "No status: do not change Aha!"
    # What nobody touched goes with the product's own statuses.
    page.unfold("requirement")
    assert page.value("Resolved", "requirement") == "In test"
    page.sees_no("Connect Aha! to choose")
    page.sees("not in Aha!", "These values need attention:")
    page.press("Status for Active (features)")
    assert page.focused() == page.field("Active", "feature")
    page.press("Propose the missing ones")
    assert page.value("Active", "feature") == "In progress"
    assert page.value("Resolved", "feature") == "In code review"
    page.sees_no("These values need attention:")
    # Another product brings its own.
    page.choose("Product", "Fabrikam mobile (MOB)")
    page.sees("It has 4 statuses")
    page.unfold("requirement")
    assert page.value("Active", "requirement") == "Designed"


def test_everything_works_by_the_keyboard_alone(page: Page, api: Api) -> None:
    def labelled(label: str, step: str = "") -> None:
        page.tab_to(lambda element: element == page.field(label, step))

    def on(words: str) -> None:
        page.tab_to(lambda element: element.text.startswith(words))

    page.open()
    page.sees("Connect a product")
    on("New integration")
    page.keys(Keys.ENTER)
    page.sees("Seven steps")
    labelled("Account")
    page.keys("fabrikam")
    labelled("Personal access token")
    page.keys(WRITE_TOKEN)
    on("Test connection")
    page.keys(Keys.SPACE)
    page.sees("The token is accepted")
    labelled("Project")
    page.keys("Fabrikam", Keys.TAB)
    page.sees("Fabrikam has 17 areas")
    page.tab_to(lambda element: element.get_attribute("role") == "treeitem")
    # To Devices, the first below the project.
    page.keys(Keys.ARROW_DOWN, Keys.ENTER)
    page.sees("Chosen: Fabrikam\\Devices")
    page.keys(Keys.END, Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.SPACE)
    page.sees("Chosen: Fabrikam\\Web\\Checkout")
    labelled("Product")
    page.keys("PROD")
    on("Save")
    page.keys(Keys.ENTER)
    page.sees("Saved.")

    (saved,) = api.get("/integrations").json()["integrations"]
    assert saved["azure_devops"]["area_path"] == "Fabrikam\\Web\\Checkout"
    assert "Saved." in page.focused().text
