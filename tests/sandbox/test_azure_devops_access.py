"""How the sandbox Azure DevOps lets callers in, and how it refuses them."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import requests

from tests.sandbox.azure_devops_caller import (
    READ,
    AzureDevOpsCaller,
    running_azure_devops,
    set_field,
    title,
)

RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsCaller]:
    with running_azure_devops() as caller:
        yield caller


def is_sign_in_page(answer: requests.Response) -> bool:
    return (
        answer.status_code == 203
        and answer.headers["Content-Type"].startswith("text/html")
        and "Sign In" in answer.text
    )


@pytest.mark.parametrize("user", ["", "anybody"])
def test_a_token_counts_whatever_the_user_name_before_it(ado: AzureDevOpsCaller, user: str) -> None:
    value = base64.b64encode(f"{user}:sandbox-write-token".encode()).decode()

    answer = ado.call("GET", "/_apis/projects", token=None, headers={"Authorization": f"Basic {value}"})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8; api-version=7.1"


def test_an_expired_token_is_refused_in_plain_text(ado: AzureDevOpsCaller) -> None:
    answer = ado.call("GET", "/_apis/projects", token="sandbox-expired-token")

    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text == "Access Denied: The Personal Access Token used has expired."


def test_a_revoked_token_is_refused_without_a_word(ado: AzureDevOpsCaller) -> None:
    ado.control("POST", "/tokens", {"token": "gone", "kind": "revoked"})

    answer = ado.call("GET", "/_apis/projects", token="gone")

    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "Content-Type" not in answer.headers


def test_a_token_for_all_organizations_is_refused_with_the_reason_in_a_header(ado: AzureDevOpsCaller) -> None:
    ado.control("POST", "/tokens", {"token": "global", "kind": "all_organizations"})

    answer = ado.call("GET", "/_apis/projects", token="global")

    assert answer.status_code == 401
    assert "all+organizations" in answer.headers["X-TFS-ServiceError"]
    assert "all organizations" not in answer.text


def test_an_unknown_token_gets_the_sign_in_page_and_a_success_status(ado: AzureDevOpsCaller) -> None:
    assert is_sign_in_page(ado.call("GET", "/_apis/projects", token="no-such-token"))


@pytest.mark.parametrize(
    "value",
    [
        "Basic sandbox-write-token",
        "Bearer sandbox-write-token",
        "Basic " + base64.b64encode(b"sandbox-write-token").decode(),
        "Digest x",
    ],
)
def test_a_token_in_the_wrong_form_is_refused(ado: AzureDevOpsCaller, value: str) -> None:
    answer = ado.call("GET", "/_apis/projects", token=None, headers={"Authorization": value})

    assert answer.status_code in (203, 401)
    assert "json" not in answer.headers["Content-Type"]


def test_base64_that_is_not_canonical_is_refused_with_401(ado: AzureDevOpsCaller) -> None:
    value = base64.b64encode(b":sandbox-write-token").decode() + "="

    answer = ado.call("GET", "/_apis/projects", token=None, headers={"Authorization": f"Basic {value}"})

    assert answer.status_code == 401


def test_without_a_credential_the_caller_is_sent_to_sign_in(ado: AzureDevOpsCaller) -> None:
    suppressed = ado.call("GET", "/_apis/projects", token=None)
    redirected = ado.call("GET", "/_apis/projects", token=None, headers={"X-TFS-FedAuthRedirect": ""})

    assert is_sign_in_page(suppressed)
    assert redirected.status_code == 302
    assert "/_signin" in redirected.headers["Location"]


def test_a_write_with_a_token_that_may_only_read_is_401(ado: AzureDevOpsCaller) -> None:
    answer = ado.try_create("Feature", [title("A")], token=READ)

    assert answer.status_code == 401
    assert answer.json()["typeKey"] == "UnauthorizedRequestException"
    assert answer.json()["message"].startswith("TF400813")
    assert ado.control("GET", "/work_items")["work_items"] == []


def test_a_token_without_the_project_scope_lists_no_projects_but_reads_work_items(
    ado: AzureDevOpsCaller,
) -> None:
    item = ado.create()
    path = f"/_apis/wit/workitems/{item['id']}"

    assert ado.call("GET", "/_apis/projects", token="sandbox-no-project-token").status_code == 401
    assert ado.call("GET", path, token="sandbox-no-project-token").status_code == 200


def test_a_user_without_permission_on_any_area_reads_but_does_not_write(ado: AzureDevOpsCaller) -> None:
    item = ado.create()
    path = f"/_apis/wit/workitems/{item['id']}"

    created = ado.try_create("Feature", [title("A")], token="sandbox-forbidden-token")
    updated = ado.try_update(item["id"], title("B"), token="sandbox-forbidden-token")

    assert [created.status_code, updated.status_code] == [403, 403]
    assert created.json()["message"].startswith("TF237111")
    assert ado.call("GET", path, token="sandbox-forbidden-token").status_code == 200


def test_a_validate_only_create_shows_that_an_area_is_closed(ado: AzureDevOpsCaller) -> None:
    patch = [title("A"), set_field("System.AreaPath", "Fabrikam\\Secret")]

    answer = ado.try_create("Feature", patch, params={"validateOnly": "true"})

    assert answer.status_code == 403
    assert answer.json()["message"].startswith("TF237111")


def test_moving_a_work_item_into_a_closed_area_is_refused(ado: AzureDevOpsCaller) -> None:
    item = ado.create()

    answer = ado.try_update(item["id"], set_field("System.AreaPath", "Fabrikam\\Secret"))

    assert answer.status_code == 403
    assert ado.read(item["id"])["rev"] == 1


@pytest.mark.parametrize(
    ("kind", "status"),
    [("write", 200), ("read", 200), ("expired", 401), ("no_project", 401), ("unlicensed", 403)],
)
def test_more_tokens_can_be_made_of_each_kind(ado: AzureDevOpsCaller, kind: str, status: int) -> None:
    ado.control("POST", "/tokens", {"token": "another", "kind": kind})

    assert ado.call("GET", "/_apis/projects", token="another").status_code == status


def test_a_revoked_token_gets_the_sign_in_page(ado: AzureDevOpsCaller) -> None:
    ado.control("DELETE", "/tokens/sandbox-write-token")

    assert is_sign_in_page(ado.call("GET", "/_apis/projects"))


def identity_token(ado: AzureDevOpsCaller, resource: str = RESOURCE) -> dict[str, str]:
    answer = requests.get(
        f"{ado.url}/_identity/token",
        params={"resource": resource, "api-version": "2019-08-01"},
        headers={"X-IDENTITY-HEADER": "sandbox-identity"},
        timeout=30,
    )
    assert answer.status_code == 200
    token: dict[str, str] = answer.json()
    return token


def test_a_managed_identity_gets_a_token_and_writes_under_its_own_name(ado: AzureDevOpsCaller) -> None:
    token = identity_token(ado)
    bearer = {"Authorization": f"Bearer {token['access_token']}"}

    answer = ado.try_create("Feature", [title("A")], token=None, headers=bearer)

    assert token["token_type"] == "Bearer"
    assert token["expires_on"].isdigit()
    assert answer.json()["fields"]["System.CreatedBy"]["displayName"] == "aha-integration"


def test_an_expired_bearer_token_is_203_on_a_read_and_401_on_a_patch(ado: AzureDevOpsCaller) -> None:
    item = ado.create()
    bearer = {"Authorization": f"Bearer {identity_token(ado)['access_token']}"}
    ado.control("PUT", "/identity", {"expire_issued": True})

    read = ado.call("GET", "/_apis/projects", token=None, headers=bearer)
    created = ado.try_create("Feature", [title("A")], token=None, headers=bearer)
    updated = ado.try_update(item["id"], title("B"), token=None, headers=bearer)

    assert is_sign_in_page(read)
    assert is_sign_in_page(created)
    assert updated.status_code == 401
    assert updated.json()["typeKey"] == "UnauthorizedRequestException"
    assert updated.json()["eventId"] == 3000


def test_a_token_for_another_resource_is_not_accepted(ado: AzureDevOpsCaller) -> None:
    token = identity_token(ado, "https://storage.azure.com/")
    bearer = {"Authorization": f"Bearer {token['access_token']}"}

    assert is_sign_in_page(ado.call("GET", "/_apis/projects", token=None, headers=bearer))


def test_the_token_endpoint_wants_its_header(ado: AzureDevOpsCaller) -> None:
    params = {"resource": RESOURCE, "api-version": "2019-08-01"}

    assert requests.get(f"{ado.url}/_identity/token", params=params, timeout=30).status_code == 401


def test_a_request_without_an_api_version_is_refused(ado: AzureDevOpsCaller) -> None:
    answer = ado.call("GET", "/_apis/projects", version=None)

    assert answer.status_code == 400
    assert answer.json()["typeKey"] == "VssVersionNotSpecifiedException"


def test_the_api_version_may_stand_in_the_accept_header(ado: AzureDevOpsCaller) -> None:
    accept = {"Accept": "application/json;api-version=7.1"}

    assert ado.call("GET", "/_apis/projects", version=None, headers=accept).status_code == 200


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("5.0", 200),
        ("7.1", 200),
        ("7.1-preview.3", 200),
        ("7.2-preview.3", 200),
        ("7.2", 400),
        ("8.0", 400),
        ("x", 400),
    ],
)
def test_api_versions_that_are_served(ado: AzureDevOpsCaller, version: str, status: int) -> None:
    assert ado.call("GET", "/_apis/projects", version=version).status_code == status


def test_connection_data_is_served_in_preview_only_and_names_the_caller(ado: AzureDevOpsCaller) -> None:
    refused = ado.call("GET", "/_apis/connectionData")
    answer = ado.get("/_apis/connectionData", version="7.1-preview")

    assert refused.status_code == 400
    assert refused.json()["typeKey"] == "VssInvalidPreviewVersionException"
    assert answer["authenticatedUser"]["providerDisplayName"] == "Aha Synchronization"


def test_an_unknown_organization_is_an_html_page(ado: AzureDevOpsCaller) -> None:
    answer = requests.get(f"{ado.url}/contoso/_apis/projects?api-version=7.1", auth=("", "x"), timeout=30)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_project_that_is_not_there_is_told_apart_by_name_and_by_id(ado: AzureDevOpsCaller) -> None:
    by_name = ado.call("GET", "/Nowhere/_apis/wit/workitemtypes")
    by_id = ado.call("GET", "/11111111-2222-3333-4444-555555555555/_apis/wit/workitemtypes")

    assert [by_name.status_code, by_id.status_code] == [404, 404]
    assert by_name.json()["typeKey"] == "ProjectDoesNotExistWithNameException"
    assert by_name.json()["message"].startswith("TF200016")
    assert by_id.json()["typeKey"] == "ProjectDoesNotExistException"
    assert by_id.json()["message"].startswith("VS800075")


def test_a_wrong_method_and_an_unknown_resource_are_refused(ado: AzureDevOpsCaller) -> None:
    wrong_method = ado.call("DELETE", "/_apis/projects")
    unknown = ado.call("GET", "/_apis/wit/nothing")

    assert wrong_method.status_code == 405
    assert "Message" in wrong_method.json()["value"]
    assert unknown.status_code == 404


def test_a_json_body_of_another_media_type_is_refused(ado: AzureDevOpsCaller) -> None:
    for path in ("/_apis/wit/$batch", "/_apis/wit/workitemsbatch", "/_apis/wit/wiql"):
        answer = ado.call("POST", path, data="[]", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415
        assert "media type" in answer.json()["value"]["Message"]


def test_a_throttled_answer_is_a_success_with_headers(ado: AzureDevOpsCaller) -> None:
    ado.control(
        "PUT",
        "/throttle",
        {"delay_seconds": 1.5, "remaining": 0, "limit": 200, "reset_in_seconds": 60, "retry_after": 3},
    )

    answer = ado.call("GET", "/_apis/projects")

    assert answer.status_code == 200
    assert answer.headers["Retry-After"] == "3"
    assert answer.headers["X-RateLimit-Delay"] == "1.5"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert int(answer.headers["X-RateLimit-Reset"]) > 1_700_000_000


def test_the_throttle_is_lifted_by_an_empty_setting(ado: AzureDevOpsCaller) -> None:
    ado.control("PUT", "/throttle", {"retry_after": 3})
    ado.control("PUT", "/throttle", {})

    assert "Retry-After" not in ado.call("GET", "/_apis/projects").headers
