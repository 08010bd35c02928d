"""What a front end does with the app, by the Python client that was generated.

Reads from standard input what to work with, and prints for each step what the answer had. calls.ts does the same.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Any, TypeVar

import httpx
from aha_azure_devops import AuthenticatedClient
from aha_azure_devops.api.connection import test_connection
from aha_azure_devops.api.features import (
    get_feature,
    list_features,
    send_feature,
    send_feature_by_reference,
)
from aha_azure_devops.api.integrations import (
    delete_integration,
    get_integration,
    list_integrations,
    put_integration,
    read_log,
)
from aha_azure_devops.models import (
    AhaInput,
    Authentication,
    AzureDevOpsInput,
    ConnectionTestRequest,
    ConnectionTestResult,
    Feature,
    FeatureEvent,
    FeatureEventName,
    FoundFeatures,
    IgnoredEvent,
    Integration,
    IntegrationInput,
    IntegrationList,
    Level,
    LinkedFeatures,
    LogPage,
    Problem,
    RecordMappingInput,
    Requirement,
    SendResult,
    Standing,
    StatusMappingInput,
)
from aha_azure_devops.types import Response, Unset

_Body = TypeVar("_Body")
given = json.load(sys.stdin)
seen: dict[str, Any] = {}
integration_id: str = given["integration_id"]


def client_with(key: str) -> AuthenticatedClient:
    """A client of the running app."""
    return AuthenticatedClient(
        f"{given['app']}/api",
        token=key,
        prefix="",
        auth_header_name="x-functions-key",
        timeout=httpx.Timeout(60),
    )


def body(answer: Response[Any], kind: type[_Body]) -> _Body:
    """The body of an answer, which has to be of this kind."""
    assert isinstance(answer.parsed, kind), f"{answer.status_code}: {answer.parsed}"
    return answer.parsed


def problem(answer: Response[Any]) -> list[Any]:
    """The status and the code of an error."""
    found = body(answer, Problem)
    assert found.status == answer.status_code
    assert found.operation_id == answer.headers["x-operation-id"]
    return [answer.status_code, found.code.value]


def sent(answer: Response[Any]) -> list[Any]:
    """The status, the result and what became of each record."""
    result = body(answer, SendResult)
    records = [result.feature, *result.requirements]
    return [answer.status_code, result.status.value, [record.action.value for record in records]]


client = client_with(given["key"])
mapping = StatusMappingInput.from_dict({"New": "Under consideration", "Active": "In progress"})
integration = IntegrationInput(
    name="Fabrikam web",
    product_id="PROD",
    enabled=True,
    azure_devops=AzureDevOpsInput(
        account_name="fabrikam",
        authentication=Authentication.PAT,
        personal_access_token=given["azure_devops_token"],
        project="Fabrikam",
        area_path="Fabrikam\\Web",
        token_expires_on=date(2026, 1, 31),
    ),
    aha=AhaInput(url=given["aha"], api_token=given["aha_token"]),
    feature=RecordMappingInput(work_item_type="Feature", status_mapping=mapping),
    requirement=RecordMappingInput(work_item_type="User Story", status_mapping=mapping),
)

# Test a connection.
account = ConnectionTestRequest(
    account_name="fabrikam", personal_access_token=given["azure_devops_token"], project="Fabrikam"
)
tested = body(test_connection.sync_detailed(client=client, body=account), ConnectionTestResult)
assert tested.project is not None
seen["projects"] = [project.name for project in tested.projects]
seen["types"] = [kind.name for kind in tested.project.work_item_types if not kind.required_fields]
seen["checks"] = [[check.name.value, check.ok] for check in tested.checks]
seen["aha"] = None if isinstance(tested.aha, Unset) else tested.aha.url
wrong = ConnectionTestRequest(account_name="fabrikam", personal_access_token="not-a-token")
seen["wrong token"] = problem(test_connection.sync_detailed(client=client, body=wrong))

# Save an integration.
saved = put_integration.sync_detailed(integration_id, client=client, body=integration)
created = body(saved, Integration)
seen["created"] = [
    saved.status_code,
    created.azure_devops.personal_access_token_set,
    created.aha.api_token_set,
]
etag = saved.headers["etag"]
again = put_integration.sync_detailed(integration_id, client=client, body=integration, if_match=etag)
seen["replaced"] = [again.status_code, body(again, Integration).feature.status_mapping.to_dict()]
seen["outdated"] = problem(
    put_integration.sync_detailed(integration_id, client=client, body=integration, if_match='"of-yesterday"')
)
nameless = put_integration.sync_detailed(
    integration_id, client=client, body=IntegrationInput(name="", product_id="")
)
errors = body(nameless, Problem).errors
seen["invalid"] = [*problem(nameless), [] if isinstance(errors, Unset) else [one.pointer for one in errors]]
listed = body(list_integrations.sync_detailed(client=client), IntegrationList)
seen["listed"] = integration_id in [one.integration_id for one in listed.integrations]
read = body(get_integration.sync_detailed(integration_id, client=client), Integration)
seen["read"] = [read.enabled, read.azure_devops.area_path, read.created_at == created.created_at]
assert not isinstance(read.health, Unset)
last_day = read.azure_devops.token_expires_on
seen["token"] = [str(last_day), [problem.code.value for problem in read.health.open_problems]]

# Send.
event = FeatureEvent.from_dict(given["event"])
seen["sent"] = sent(send_feature.sync_detailed(integration_id, client=client, body=event))
seen["sent again"] = sent(send_feature.sync_detailed(integration_id, client=client, body=event))
seen["tried"] = sent(
    send_feature_by_reference.sync_detailed(integration_id, "PROD-2", client=client, dry_run=True)
)
without_text = Feature(id="F-1", name="Pay later", requirements=[Requirement(id="R-1")])
partly = send_feature.sync_detailed(integration_id, client=client, body=FeatureEvent(feature=without_text))
seen["sent partly"] = sent(partly)
error = body(partly, SendResult).requirements[0].error
assert error is not None
seen["why"] = error.code.value
slow = FeatureEvent(feature=Feature(id="F-2", name="Slow to create"))
late = send_feature.sync_detailed(integration_id, client=client, body=slow, prefer="wait=1")
seen["in progress"] = [*sent(late), int(late.headers["retry-after"])]
release = FeatureEvent(event=FeatureEventName.CREATE_RELEASE)
ignored = send_feature.sync_detailed(integration_id, client=client, body=release)
seen["ignored"] = [ignored.status_code, body(ignored, IgnoredEvent).reason]
seen["other product"] = problem(
    send_feature.sync_detailed(
        integration_id, client=client, body=FeatureEvent(feature=Feature(id="M-1", reference_num="MOB-1"))
    )
)

# See how it stands.
standing = body(get_feature.sync_detailed(integration_id, "PROD-1", client=client), Standing)
assert standing.feature.work_item is not None
assert standing.feature.last_sent_at is not None
seen["stands"] = [
    standing.feature.difference.value,
    standing.feature.work_item.state,
    standing.feature.last_sent_at > read.created_at,
    standing.feature.last_received_at,
    len(standing.requirements),
]
page = body(list_features.sync_detailed(integration_id, client=client, limit=1), LinkedFeatures)
seen["linked"] = [page.features[0].reference_num, page.next_ is not None]
found = body(list_features.sync_detailed(integration_id, client=client, search="prod-1"), FoundFeatures)
seen["found"] = [[[one.reference_num, one.name, one.linked] for one in found.features], found.has_more]

# Read the log.
log = body(read_log.sync_detailed(integration_id, client=client, level=Level.ERROR, limit=1), LogPage)
seen["log"] = [log.entries[0].event, log.entries[0].level.value]
assert log.next_ is not None
earlier = body(read_log.sync_detailed(integration_id, client=client, before=log.next_, limit=500), LogPage)
seen["end of the log"] = earlier.next_

# What is refused.
seen["unknown"] = problem(get_integration.sync_detailed("nope", client=client))
refused = list_integrations.sync_detailed(client=client_with("wrong"))
seen["wrong key"] = [refused.status_code, refused.parsed]
deleted = delete_integration.sync_detailed(integration_id, client=client)
seen["deleted"] = [deleted.status_code, deleted.parsed]

json.dump(seen, sys.stdout)
