"""Each refusal names the thing, and a remedy that works for what was asked: for a create, an update, a notification's
read and a connection test. The services answer over HTTP; their tokens never come back.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from shared.clients.aha import RecordChange
from shared.clients.aha_account import AhaAccount
from shared.clients.attachment_uploads import NewFile
from shared.clients.credentials import basic
from shared.clients.process_state import ProcessState
from shared.clients.service_hooks import ServiceHooks
from shared.deadline import Deadline
from shared.domain.integration import AhaTarget
from shared.domain.kind import Kind
from shared.errors import OperationFailed
from shared.secret import Secret
from shared.sending.batch_answer import OwnFault, read_answer
from tests.unit.operations import Clock, an_operation
from tests.unit.scripted_server import Reply, serving

TOKEN = "pat/with+signs=4f2b9c"
AREA = "Fabrikam\\Web"
CREATED = [{"op": "add", "path": "/fields/System.AreaPath", "value": AREA}]
CHANGED = [{"op": "test", "path": "/rev", "value": 3}]

Call = Callable[[ServiceHooks], Any]


def create(client: ServiceHooks) -> Any:
    """Create a work item."""
    return client.create_work_item("Fabrikam", "User Story", CREATED)


def update(client: ServiceHooks) -> Any:
    """Update a work item."""
    return client.update_work_item(1744, CHANGED)


def notified(client: ServiceHooks) -> Any:
    """Read the work item that a notification is about."""
    return client.work_item(1744)


def connecting(client: ServiceHooks) -> Any:
    """What a connection test asks for first."""
    return client.projects()


def validated(client: ServiceHooks) -> Any:
    """What a connection test asks for last."""
    return client.validate_work_item("Fabrikam", "User Story", CREATED)


def batched(client: ServiceHooks) -> Any:
    """An update in a batch."""
    return client.submit_batch([client.update_operation(1744, CHANGED)])


def subscribed(client: ServiceHooks) -> Any:
    """Create the subscription of a service hook."""
    return client.subscribe("id", "https://functions.example/api/webhooks/web/T0ken")


def uploaded(client: ServiceHooks) -> Any:
    """Upload a file."""
    file = NewFile("Fabrikam", AREA, "plan.pdf", Deadline.after(60))
    return client.uploads.send_in_chunks(file, b"")  # type: ignore[arg-type]


def detail_of(call: Call, reply: Reply, *, uses_identity: bool = False) -> str:
    """What the caller is told if the organization answers like this."""
    clock = Clock()
    operation, log = an_operation(5, clock)
    with serving(reply) as server, pytest.raises(OperationFailed) as caught:
        call(
            ServiceHooks(
                base_url=server.url,
                account_name="fabrikam",
                authorization=lambda: basic(Secret(TOKEN)),
                operation=operation,
                process_state=ProcessState(allow_local=True),
                sleep=clock.sleep,
                uses_identity=uses_identity,
            )
        )
    operation.log.flush()
    assert_hidden(f"{caught.value!r} {caught.value.evidence} {log}")
    return caught.value.detail.replace(server.url, "https://dev.azure.com")


def assert_hidden(text: str) -> None:
    """No spelling of the token is in a text."""
    for spelling in spellings(TOKEN):
        assert spelling not in text


def spellings(token: str) -> list[str]:
    """The token and its Basic form, plain and encoded."""
    encoded = base64.b64encode(f":{token}".encode()).decode()
    return [form for text in (token, encoded) for form in (text, quote(text, safe=""), quote_plus(text))]


def fault(status: int, message: str, **more: Any) -> Reply:
    """An error as Azure DevOps sends it."""
    return Reply(status, {"$id": "1", "message": message, "typeKey": "", **more})


def missing_field(status: int = 400) -> Reply:
    """A required field without a value."""
    errors = [{"fieldReferenceName": "Custom.Team", "fieldStatusFlags": "required, invalidEmpty"}]
    message = "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."
    return fault(status, message, customProperties={"RuleValidationErrors": errors})


EMPTY_401 = Reply(401, b"", {"WWW-Authenticate": 'Basic realm="https://tfsprodweu4.visualstudio.com/"'})
GLOBAL_TOKEN = Reply(
    401,
    b"<!DOCTYPE html><title>Access Denied</title>",
    {
        "Content-Type": "text/html",
        "X-TFS-ServiceError": quote_plus(
            "Personal access tokens for all organizations are no longer accepted."
        ),
    },
)
CONDITIONAL_ACCESS = fault(401, "VS403463: The conditional access policy does not allow this.")
CONDITIONAL_ACCESS_PAGE = Reply(
    403,
    b"<html><head><title>VS403463: The conditional access policy &amp; more</title></head></html>",
    {"Content-Type": "text/html"},
)
WITH_BOM = Reply(
    401, "﻿TF400813: The user is not authorized.".encode(), {"Content-Type": "text/plain; charset=utf-8"}
)
NO_AREA = fault(400, "TF401347: Invalid tree name given for work item -1, field 'System.AreaPath'.")
NO_AREA_RIGHT = fault(400, "TF237111: The current user does not have permissions to save work items.")
ACCESS_LEVEL = fault(403, "Your access level does not include this API.")
NOT_READABLE = fault(
    404, "TF401232: Work item 1744 does not exist, or you do not have permissions to read it."
)
NO_PROJECT = fault(404, "TF200016: The following project does not exist: Fabrikam.")
NO_TYPE = fault(404, "VS402323: Work item type User Story does not exist in project Fabrikam.")
READ_ONLY = fault(400, "TF401326: Invalid field status 'ReadOnly' for field 'Title'.")
SECOND_PARENT = fault(400, "TF201036: You cannot add a Child link between work items 1 and 2.")
LINKS = fault(400, "TF237201: one of the work items being linked will exceed the 1000 link limit.")
PROXY = Reply(524, b"<title>524: A timeout occurred</title>", {"Content-Type": "text/html"})

WORK_ITEM = "work item 1744 (https://dev.azure.com/fabrikam/_workitems/edit/1744)"
TOKENS = "https://dev.azure.com/fabrikam/_usersSettings/tokens"

CASES: list[tuple[str, Call, Reply, list[str], list[str]]] = [
    # Code azure_devops_credentials_rejected.
    *(
        (f"empty 401, {call.__name__}", call, EMPTY_401, ["“fabrikam”", "expired", "revoked", "scope", TOKENS], [])
        for call in (create, update, notified, connecting, validated, subscribed, uploaded)
    ),
    *(
        (f"global token, {call.__name__}", call, GLOBAL_TOKEN,
         ["global token", "no longer accept", "“fabrikam” alone", TOKENS], ["expired"])
        for call in (create, update, notified, connecting)
    ),
    *(
        (f"conditional access, {call.__name__}, {reply.status}", call, reply,
         ["conditional access policy", "“fabrikam”", "tenant's administrator", "IP addresses"],
         ["Create a new", "in this node"])
        for call in (create, update, notified, connecting)
        for reply in (CONDITIONAL_ACCESS, CONDITIONAL_ACCESS_PAGE)
    ),
    ("a BOM before the code", notified, WITH_BOM, ["scope “Work Items (Read)”", "TF400813"], []),
    ("another organization's token", connecting, fault(401, "VS30063: You are not authorized."),
     ["made for an organization other than “fabrikam”"], []),
    # Code azure_devops_forbidden.
    ("no right, create", create, NO_AREA_RIGHT, ["create work items", AREA, "Edit work items in this node"], []),
    ("no right, test", validated, NO_AREA_RIGHT, [AREA, "Edit work items in this node", "another area"], []),
    ("no right, update", update, NO_AREA_RIGHT, [WORK_ITEM, "Edit work items in this node"], ["another area"]),
    ("no right, notification", notified, fault(403, "No."), [WORK_ITEM, "View work items in this node"], []),
    ("no right, upload", uploaded, fault(403, "No."), ["attach files", AREA], []),
    ("no right, subscription", subscribed, fault(403, "No."), ["Edit subscriptions", "“fabrikam”"], ["in this node"]),
    ("access level, update", update, ACCESS_LEVEL, ["access level", "Basic", "“fabrikam”"], ["in this node"]),
    # Code azure_devops_not_found.
    ("unreadable, update", update, NOT_READABLE, [WORK_ITEM, "recycle bin", "View work items"], []),
    ("unreadable, notification", notified, NOT_READABLE, [WORK_ITEM, "recycle bin"], []),
    ("no project, create", create, NO_PROJECT, ["“Fabrikam”", "another project"], []),
    ("no project, test", validated, NO_PROJECT, ["“Fabrikam”", "another project"], []),
    ("no type, create", create, NO_TYPE, ["“User Story”", "“Fabrikam”", "another type"], []),
    ("no organization, test", connecting, Reply(404, b"<html>", {"Content-Type": "text/html"}),
     ["“fabrikam”", "account name"], []),
    # Code azure_devops_rule_violation.
    ("required field, create", create, missing_field(), ["Custom.Team", "“User Story”", "default fields"], []),
    ("required field, test", validated, missing_field(), ["Custom.Team", "“User Story”", "default fields"], []),
    ("required field, update", update, missing_field(),
     ["Custom.Team", WORK_ITEM, "fill in the field", "Default fields do not help"], ["Set a value for it"]),
    ("read-only, update", update, READ_ONLY, [WORK_ITEM, "state"], ["integration's default fields"]),
    ("area, create", create, NO_AREA, [f"“{AREA}”", "“Fabrikam”", "another area"], []),
    ("area, test", validated, NO_AREA, [f"“{AREA}”", "another area"], []),
    ("second parent, update", update, SECOND_PARENT, [WORK_ITEM, "Remove the parent link"], []),
    ("links, update", update, LINKS, [WORK_ITEM, "1,000", "Remove links"], []),
    ("file, upload", uploaded, fault(400, "TF237082: exceeds the supported file upload size"), ["60 MB"], []),
    # Code azure_devops_unavailable.
    *(
        (f"proxy, {call.__name__}", call, PROXY, ["524", "try again later"], ["Create a new"])
        for call in (create, update, notified, connecting)
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "reply", "words", "not_words"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_a_refusal_names_the_thing_and_a_remedy_that_works(
    call: Call, reply: Reply, words: list[str], not_words: list[str]
) -> None:
    detail = detail_of(call, reply)

    for word in words:
        assert word.lower() in detail.lower()
    for word in not_words:
        assert word not in detail


@pytest.mark.parametrize("call", [create, update, notified, connecting])
def test_an_app_that_signs_in_by_its_identity_is_not_told_to_make_a_token(call: Call) -> None:
    detail = detail_of(call, EMPTY_401, uses_identity=True)

    assert "managed identity" in detail
    assert "Basic access" in detail
    assert "personal access token" not in detail


def test_an_entry_of_a_batch_names_its_work_item_too() -> None:
    operation, _ = an_operation()
    content = json.dumps({"message": f"TF401320: Rule Error for field Team. Error code: Required. {TOKEN}"})
    reply = Reply(200, {"count": 1, "value": [{"code": 400, "body": content}]})
    with serving(reply) as server:
        client = ServiceHooks(
            base_url=server.url, account_name="fabrikam", authorization=lambda: basic(Secret(TOKEN)),
            operation=operation, process_state=ProcessState(allow_local=True),
        )  # fmt: skip
        answer = batched(client)
    assert_hidden(str(answer))

    (entry,) = read_answer(answer, [client.subject]) or []

    assert isinstance(entry, OwnFault)
    assert "Team" in entry.error.detail


# Secrets that a system echoes.


@pytest.mark.parametrize("spelling", spellings(TOKEN))
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
@pytest.mark.parametrize("call", [update, connecting])
def test_no_spelling_of_the_token_comes_back(call: Call, status: int, spelling: str) -> None:
    # Cut where the longest message ends: no part of the token stays either.
    for padding in ("", "x" * 490):
        detail = detail_of(call, fault(status, f"{padding} Bad credentials: {spelling}, sent by you."))
        assert spelling[:8] not in detail
    page = f"<html><title>Refused {spelling}</title></html>".encode()
    detail_of(call, Reply(status, page, {"Content-Type": "text/html"}))
    detail_of(call, Reply(status, b"", {"X-TFS-ServiceError": quote_plus(f"Refused {spelling}")}))
    detail_of(call, Reply(status, f"Refused {spelling}".encode(), {"Content-Type": "text/plain"}))


def test_a_webhook_url_that_is_echoed_loses_its_token() -> None:
    detail = detail_of(
        subscribed, fault(400, "The URL https://functions.example/api/webhooks/web/T0ken?x is not reachable.")
    )

    assert "T0ken" not in detail
    assert "is not reachable" in detail


# Aha!

AHA_TOKEN = "aha+token/9c1d="


def aha_detail(call: Callable[[AhaAccount], Any], reply: Reply) -> str:
    """What the caller is told if Aha! answers like this."""
    clock = Clock()
    operation, log = an_operation(5, clock)
    with serving(reply) as server:
        target = AhaTarget(server.url, Secret(AHA_TOKEN))
        account = AhaAccount(
            target, operation, process_state=ProcessState(allow_local=True), sleep=clock.sleep
        )
        with pytest.raises(OperationFailed) as caught:
            call(account)
    operation.log.flush()
    assert AHA_TOKEN not in f"{caught.value!r} {caught.value.evidence} {log}"
    assert quote(AHA_TOKEN, safe="") not in f"{caught.value!r} {caught.value.evidence} {log}"
    return caught.value.detail.replace(server.url, "https://company.aha.io")


def written(account: AhaAccount) -> Any:
    """Write a notification's change."""
    return account.update(Kind.FEATURE, "7489", RecordChange(name="Search"))


def read(account: AhaAccount) -> Any:
    """Read a notification's record."""
    return account.record(Kind.REQUIREMENT, "PROD-2-1")


def aha_connecting(account: AhaAccount) -> Any:
    """What a connection test asks for."""
    return account.user()


FEATURE = "the feature 7489 (https://company.aha.io/features/7489)"
REQUIREMENT = "requirement PROD-2-1 (https://company.aha.io/requirements/PROD-2-1)"


@pytest.mark.parametrize(
    ("call", "reply", "words"),
    [
        (written, Reply(401, {"error": "no"}), ["https://company.aha.io", "API keys"]),
        (aha_connecting, Reply(401, b""), ["https://company.aha.io", "API keys"]),
        (written, Reply(403, {"error": "no"}), [f"may not change {FEATURE}", "contributor"]),
        (read, Reply(403, {"error": "no"}), ["may not read", REQUIREMENT]),
        (read, Reply(404, {"error": "Record not found."}), [REQUIREMENT, "Restore"]),
        (written, Reply(422, {"errors": {"message": "Too long"}}), [FEATURE, "Too long", "Correct it"]),
        (written, Reply(522, b"<html>"), ["522", "try again later"]),
        (read, Reply(404, b"<html>"), ["404", "check the address", "https://company.aha.io"]),
    ],
)  # fmt: skip
def test_a_refusal_of_aha_names_the_record_and_a_remedy(
    call: Callable[[AhaAccount], Any], reply: Reply, words: list[str]
) -> None:
    detail = aha_detail(call, reply)

    for word in words:
        assert word.lower() in detail.lower()


@pytest.mark.parametrize("spelling", [AHA_TOKEN, quote(AHA_TOKEN, safe=""), f"Bearer {AHA_TOKEN}"])
@pytest.mark.parametrize("status", [401, 403, 404, 422, 503])
def test_no_spelling_of_the_aha_token_comes_back(status: int, spelling: str) -> None:
    assert spelling not in aha_detail(written, Reply(status, {"error": f"Refused: {spelling}"}))
