"""What a new sandbox account holds: the same records with the same ids each time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from local.aha.account import Account
from local.aha.file_content import StoredContent
from local.aha.inline_images import image_markup
from local.aha.png import striped_png
from local.aha.records import (
    Attachment,
    Feature,
    Integration,
    IntegrationField,
    Product,
    Release,
    User,
    Workflow,
    WorkflowStatus,
)

WRITER_TOKEN = "sandbox-aha-token"
VIEWER_TOKEN = "sandbox-aha-viewer-token"
_CREATED = datetime(2025, 4, 3, 17, 39, 27, 658000, timezone.utc)

# Name, category, colour.
_FEATURE_STATUSES = [
    ("Under consideration", "initial", "#d9d9d9"),
    ("Ready to develop", "initial", "#74c5ef"),
    ("In progress", "in_progress", "#fcd85b"),
    ("In code review", "in_progress", "#f9ab4b"),
    ("Ready to ship", "done", "#b0d66e"),
    ("Shipped", "shipped", "#64b80b"),
    ("Will not implement", "will_not_implement", "#757575"),
]
_REQUIREMENT_STATUSES = [
    ("Under consideration", "initial", "#d9d9d9"),
    ("In progress", "in_progress", "#fcd85b"),
    ("In test", "in_progress", "#f9ab4b"),
    ("Shipped", "shipped", "#64b80b"),
    ("Will not implement", "will_not_implement", "#757575"),
]
_OTHER_STATUSES = [
    ("New", "initial", "#d9d9d9"),
    ("Designed", "in_progress", "#74c5ef"),
    ("Under consideration", "in_progress", "#fcd85b"),
    ("Shipped", "shipped", "#64b80b"),
]


def fill(account: Account) -> None:
    """Clears the account and fills it."""
    account.clear()
    manager = User(id=account.new_id(), name="Paula Manager", email="paula@fabrikam.example")
    viewer = User(id=account.new_id(), name="Vic Viewer", email="vic@fabrikam.example", may_write=False)
    account.users_by_token = {WRITER_TOKEN: manager, VIEWER_TOKEN: viewer}
    release = _add_products(account)
    vsts = _add_integrations(account, release.product)
    _add_pay_by_card(account, release, manager)
    account.new_feature(release, "Refund to the same card", manager, _CREATED + timedelta(hours=2))
    _add_long_name(account, release, manager)
    _add_same_file_names(account, release, manager)
    _add_foreign_fields(account, release, manager, vsts)


def _workflow(
    account: Account, name: str, statusable_type: str, statuses: list[tuple[str, str, str]]
) -> Workflow:
    """Ids and positions have opposite orders, because Aha! lists statuses by id."""
    positions = list(enumerate(statuses, start=1))
    workflow = Workflow(
        id=account.new_id(),
        name=name,
        statusable_type=statusable_type,
        statuses=tuple(
            WorkflowStatus(
                id=account.new_id(),
                name=status,
                position=position,
                complete=category in ("done", "shipped", "will_not_implement"),
                color=color,
                category=category,
            )
            for position, (status, category, color) in reversed(positions)
        ),
        kinds=((account.new_id(), "New"), (account.new_id(), "Improvement")),
    )
    account.workflows[workflow.id] = workflow
    return workflow


def _add_products(account: Account) -> Release:
    line = Product(
        id=account.new_id(), reference_prefix="FAB", name="Fabrikam", created_at=_CREATED, product_line=True
    )
    web = Product(
        id=account.new_id(),
        reference_prefix="PROD",
        name="Fabrikam web",
        created_at=_CREATED,
        feature_workflow=_workflow(account, "Feature workflow", "Feature", _FEATURE_STATUSES),
        # Not of type "Requirement", so that a client that chooses a workflow by its type fails.
        requirement_workflow=_workflow(account, "Requirement workflow", "Feature", _REQUIREMENT_STATUSES),
    )
    shared_workflow = _workflow(account, "One workflow for all", "Feature", _OTHER_STATUSES)
    mobile = Product(
        id=account.new_id(),
        reference_prefix="MOB",
        name="Fabrikam mobile",
        created_at=_CREATED,
        feature_workflow=shared_workflow,
        requirement_workflow=shared_workflow,
    )
    for product in (line, web, mobile):
        account.products[product.id] = product
    releases = [_add_release(account, product) for product in (web, mobile)]
    return releases[0]


def _add_release(account: Account, product: Product) -> Release:
    release = Release(
        id=account.new_id(),
        reference_num=f"{product.reference_prefix}-R-1",
        name="First release",
        product=product,
        created_at=_CREATED,
    )
    account.releases[release.id] = release
    return release


def _add_integrations(account: Account, product: Product) -> list[Integration]:
    integrations = [
        Integration(
            id=account.new_id(),
            name=name,
            service_name=service_name,
            created_at=_CREATED,
            product=product,
            enabled=True,
        )
        # Aha! has the same name for its old and its current Azure DevOps integration.
        for name, service_name in (
            ("Azure DevOps Services", "tfs"),
            ("Azure DevOps Services", "vsts"),
            ("Jira", "jira"),
            ("GitHub Issues", "github_issues"),
        )
    ]
    webhooks = [
        Integration(
            id=account.new_id(),
            name="Azure DevOps",
            service_name="webhooks",
            created_at=_CREATED,
            product=workspace,
            enabled=True,
        )
        for workspace in account.products.values()
        if not workspace.product_line
    ]
    account.integrations = {integration.id: integration for integration in (*integrations, *webhooks)}
    return integrations


def attach_text(account: Account, file_name: str, text: str) -> Attachment:
    """A text file of the sample records."""
    return account.new_attachment(file_name, "text/plain", StoredContent(text.encode()), _CREATED)


def attach_picture(account: Account, file_name: str, colours: list[tuple[int, int, int]]) -> Attachment:
    """A picture of the sample records."""
    return account.new_attachment(
        file_name, "image/png", StoredContent(striped_png(120, 60, colours)), _CREATED
    )


def _add_pay_by_card(account: Account, release: Release, manager: User) -> None:
    feature = account.new_feature(release, "Pay by card", manager, _CREATED)
    feature.assigned_to = manager
    feature.tags = ["checkout", "Ideas-portal "]
    picture = attach_picture(account, "checkout.png", [(36, 99, 235), (255, 255, 255), (36, 99, 235)])
    feature.description.attachments.append(picture)
    feature.description.body = (
        "<p>A customer pays an order by <b>credit or debit card</b> without leaving the shop.</p>"
        "<ul><li>Visa and Mastercard</li>"
        "<li>3-D Secure<ul><li>in the page</li><li>in the bank's app</li></ul></li></ul>"
        "<ol><li>Choose the card</li><li>Confirm &amp; pay</li></ol>"
        '<p>See the <a href="https://www.fabrikam.example/design?page=1&amp;view=all" '
        'rel="noopener noreferrer" target="_blank">design</a>.</p>'
        f"<p>{image_markup(picture)}</p>"
    )
    feature.attachments = [
        attach_text(
            account,
            "acceptance criteria.txt",
            "Given a full basket\nWhen the card is accepted\nThen we ship\n",
        ),
        attach_picture(account, "card.png", [(16, 185, 129), (251, 191, 36)]),
    ]
    _add_card_requirements(account, feature, manager)


def _add_card_requirements(account: Account, feature: Feature, manager: User) -> None:
    texts = [
        ("Card form", "<p>Number, expiry date and check digits, checked <i>while typing</i>.</p>", 2),
        ("Strong customer authentication", "<p>The bank asks; we wait.</p>", 1),
        ("", "<p>Declined cards get a plain reason. The basket stays as it was.</p>", 3),
    ]
    for name, body, position in texts:
        requirement = account.new_requirement(feature, name, manager, _CREATED + timedelta(hours=1))
        requirement.description.body = body
        requirement.position = position
    form = feature.requirements[0]
    form.description.attachments.append(
        attach_text(account, "test-cards.csv", "number,result\n4111,accepted\n")
    )


def _add_long_name(account: Account, release: Release, manager: User) -> None:
    start = "Show prices in the customer's own currency 💶 and "
    name = (start + "explain the rate 💱 " * 20)[:299] + "🎉"
    feature = account.new_feature(release, name, manager, _CREATED + timedelta(hours=3))
    feature.description.body = "<p>Rates are updated daily.</p>"


def _add_same_file_names(account: Account, release: Release, manager: User) -> None:
    feature = account.new_feature(release, "Printable invoice", manager, _CREATED + timedelta(hours=4))
    feature.description.body = "<p>One page, with the shop's address.</p>"
    feature.attachments = [
        attach_text(account, "invoice.txt", "Invoice, first draft\n"),
        attach_text(account, "invoice.txt", "Invoice, second draft with the tax number\n"),
    ]


def _add_foreign_fields(
    account: Account, release: Release, manager: User, integrations: list[Integration]
) -> None:
    feature = account.new_feature(release, "Gift cards", manager, _CREATED + timedelta(hours=5))
    feature.description.body = "<p>Bought like any article, paid with like a card.</p>"
    jira, github = integrations[2], integrations[3]
    for integration, name, value in (
        (jira, "id", "10417"),
        (jira, "key", "SHOP-17"),
        (jira, "url", "https://fabrikam.example/browse/SHOP-17"),
        (github, "number", "23"),
    ):
        feature.integration_fields.append(
            IntegrationField(
                id=account.new_id(), name=name, value=value, integration=integration, created_at=_CREATED
            )
        )
