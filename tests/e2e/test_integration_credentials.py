"""What an integration keeps secret: its tokens, the URL of its webhook, and the keys that both depend on."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from local.system import AHA_TOKEN, WRITE_TOKEN, LocalSystem, make_secrets_key
from tests.e2e.configuration_bodies import LEFT_OUT, changed, complete_integration, faults_of, problem_of
from tests.e2e.configuration_hosts import further_host
from tests.e2e.system import Aha, Api, AzureDevOps, IntegrationUnderTest

TEST_NOTIFICATION = {
    "subscriptionId": "00000000-0000-0000-0000-000000000000",
    "eventType": "workitem.updated",
    "resource": {"id": 2, "workItemId": 0},
}
WITHOUT_TOKENS = {"/azure_devops/personal_access_token": LEFT_OUT, "/aha/api_token": LEFT_OUT}


def notify(url: str, body: Any = TEST_NOTIFICATION) -> requests.Response:
    """A notification of Azure DevOps, which knows the URL and no key."""
    return Api(url.partition("/api/")[0]).post(url, json=body)


class TestTokens:
    def test_are_kept_by_a_put_that_leaves_them_out(
        self, api: Api, azure_devops: AzureDevOps, integration_id: str
    ) -> None:
        body = complete_integration()
        api.put_integration(integration_id, body)

        replaced = api.put_integration(integration_id, changed(body, {**WITHOUT_TOKENS, "/name": "New name"}))

        assert replaced.json()["azure_devops"]["personal_access_token_set"] is True
        assert replaced.json()["aha"]["api_token_set"] is True
        assert api.post("/test-connection", {"integration_id": integration_id}).status_code == 200

    @pytest.mark.parametrize("nothing", ["", "  ", None])
    def test_are_kept_by_a_put_that_has_them_empty(self, api: Api, integration_id: str, nothing: Any) -> None:
        body = complete_integration()
        api.put_integration(integration_id, body)

        answer = api.put_integration(integration_id, changed(body, dict.fromkeys(WITHOUT_TOKENS, nothing)))

        assert answer.json()["azure_devops"]["personal_access_token_set"] is True
        assert answer.json()["aha"]["api_token_set"] is True

    def test_are_replaced_by_new_ones(self, api: Api, azure_devops: AzureDevOps, integration_id: str) -> None:
        body = complete_integration()
        wrong = changed(body, {"/azure_devops/personal_access_token": "sandbox-expired-token"})
        api.put_integration(integration_id, wrong)
        refused = api.post("/test-connection", {"integration_id": integration_id})
        problem_of(refused, 422, "azure_devops_credentials_rejected")

        api.put_integration(integration_id, body)

        assert api.post("/test-connection", {"integration_id": integration_id}).status_code == 200

    def test_for_aha_must_be_given_again_with_a_new_address(self, api: Api, integration_id: str) -> None:
        body = complete_integration()
        api.put_integration(integration_id, body)
        elsewhere = changed(body, {**WITHOUT_TOKENS, "/aha/url": "https://elsewhere.aha.io"})

        assert list(faults_of(api.put_integration(integration_id, elsewhere))) == ["/aha/api_token"]

        with_token = changed(elsewhere, {"/aha/api_token": "another-token"})
        assert api.put_integration(integration_id, with_token).status_code == 200

    def test_for_aha_cannot_be_taken_along_to_a_new_address_by_way_of_none(
        self, api: Api, integration_id: str
    ) -> None:
        body = complete_integration()
        api.put_integration(integration_id, body)
        without = api.put_integration(integration_id, changed(body, {"/aha": LEFT_OUT}))
        assert without.status_code == 200

        elsewhere = changed(body, {**WITHOUT_TOKENS, "/aha/url": "https://elsewhere.aha.io"})

        assert list(faults_of(api.put_integration(integration_id, elsewhere))) == ["/aha/api_token"]

    @pytest.mark.parametrize("spelling", ["https://company.aha.io/", "https://Company.Aha.io"])
    def test_for_aha_are_kept_for_another_spelling_of_the_address(
        self, api: Api, integration_id: str, spelling: str
    ) -> None:
        body = complete_integration()
        api.put_integration(integration_id, body)

        answer = api.put_integration(integration_id, changed(body, {**WITHOUT_TOKENS, "/aha/url": spelling}))

        assert answer.status_code == 200
        assert answer.json()["aha"]["api_token_set"] is True

    def test_do_not_survive_the_integration(self, api: Api, integration_id: str) -> None:
        body = complete_integration()
        api.put_integration(integration_id, body)
        api.delete(f"/integrations/{integration_id}")

        again = api.put_integration(integration_id, changed(body, WITHOUT_TOKENS))

        assert list(faults_of(again)) == ["/azure_devops/personal_access_token"]


class TestWebhookUrl:
    @pytest.mark.contract
    def test_needs_no_key(self, integration: IntegrationUnderTest) -> None:
        answer = notify(integration.webhook_url)

        assert answer.status_code == 200
        assert answer.json() == {
            "result": "ignored",
            "reason": "test_notification",
            "operation_id": answer.headers["x-operation-id"],
        }

    @pytest.mark.contract
    @pytest.mark.parametrize("change", ["first", "last", "shorter", "longer", "other"])
    def test_with_another_token_is_not_found(self, integration: IntegrationUnderTest, change: str) -> None:
        base, token = integration.webhook_url.rsplit("/", 1)
        wrong = {
            "first": ("A" if token[0] != "A" else "B") + token[1:],
            "last": token[:-1] + ("A" if token[-1] != "A" else "B"),
            "shorter": token[:-1],
            "longer": token + "A",
            "other": "tökén",
        }[change]

        problem_of(notify(f"{base}/{wrong}"), 404, "integration_not_found")

    def test_of_an_integration_that_never_was_is_not_found(self, integration: IntegrationUnderTest) -> None:
        url = integration.webhook_url.replace(f"/{integration.id}/", "/nobody/")

        problem_of(notify(url), 404, "integration_not_found")

    def test_of_one_integration_does_not_open_another(self, api: Api, integration_id: str) -> None:
        first = api.put_integration(integration_id, {"name": "n", "product_id": "1"}).json()["webhook_url"]
        api.put_integration(f"{integration_id}-b", {"name": "n", "product_id": "2"})

        crossed = first.replace(f"/{integration_id}/", f"/{integration_id}-b/")

        problem_of(notify(crossed), 404, "integration_not_found")

    def test_is_useless_once_it_is_renewed(self, api: Api, integration: IntegrationUnderTest) -> None:
        renewed = api.put_integration(integration.id, {**integration.body, "rotate_webhook_url": True})

        new_url = renewed.json()["webhook_url"]
        assert new_url != integration.webhook_url
        problem_of(notify(integration.webhook_url), 404, "integration_not_found")
        assert notify(new_url).status_code == 200
        assert api.get(f"/integrations/{integration.id}").json()["webhook_url"] == new_url

    def test_stays_as_it_is_when_anything_else_changes(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        answer = api.put_integration(integration.id, {**integration.body, "rotate_webhook_url": False})

        assert answer.json()["webhook_url"] == integration.webhook_url

    @pytest.mark.contract
    def test_of_a_deleted_integration_is_gone_for_good(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        api.delete(f"/integrations/{integration.id}")

        problem_of(notify(integration.webhook_url), 410, "integration_not_found")
        problem_of(notify(f"{integration.webhook_url}x"), 404, "integration_not_found")

    def test_that_was_renewed_before_is_not_found_after_the_deletion(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        api.put_integration(integration.id, {**integration.body, "rotate_webhook_url": True})
        api.delete(f"/integrations/{integration.id}")

        problem_of(notify(integration.webhook_url), 404, "integration_not_found")

    def test_is_the_old_one_again_when_the_integration_is_made_anew(
        self, api: Api, integration: IntegrationUnderTest
    ) -> None:
        api.delete(f"/integrations/{integration.id}")

        again = api.put_integration(integration.id, integration.body)

        assert again.status_code == 201
        assert again.json()["webhook_url"] == integration.webhook_url
        assert notify(integration.webhook_url).status_code == 200

    def test_starts_with_the_public_address(self, system: LocalSystem, api: Api, integration_id: str) -> None:
        api.put_integration(integration_id, complete_integration())
        with further_host(system) as host:
            elsewhere = host.start(PUBLIC_URL="https://fabrikam.example/functions/")

            shown = elsewhere.get(f"/integrations/{integration_id}").json()

        assert shown["webhook_url"].startswith("https://fabrikam.example/functions/api/webhooks/")


class TestSecretsKey:
    """The app is started anew with another SECRETS_KEY, beside the one that goes on as before."""

    def test_is_rotated_by_a_new_one_in_front(
        self, system: LocalSystem, api: Api, azure_devops: AzureDevOps, aha: Aha, integration_id: str
    ) -> None:
        body = changed(
            complete_integration(), {"/azure_devops/personal_access_token": WRITE_TOKEN, "/product_id": "A"}
        )
        other_id = f"{integration_id}-b"
        api.put_integration(integration_id, body)
        old = api.put_integration(other_id, {**body, "product_id": "B"}).json()["webhook_url"]
        new_key = make_secrets_key()

        with further_host(system) as host:
            rotated = host.start(SECRETS_KEY=f" {new_key} , {system.secrets_key} ")

            # Stored tokens still work, and the URL that was pasted stays valid beside the new one.
            assert rotated.post("/test-connection", {"integration_id": other_id}).status_code == 200
            pasted = host.url + old.removeprefix(system.functions_url)
            shown = rotated.get(f"/integrations/{other_id}").json()["webhook_url"]
            assert shown != pasted
            assert notify(pasted).status_code == 200
            assert notify(shown).status_code == 200
            # What is saved from now on needs the new key only.
            saved = changed(body, {**WITHOUT_TOKENS, "/name": "Saved under the new key"})
            assert rotated.put(f"/integrations/{integration_id}", json=saved).status_code == 200

            new_only = host.start(SECRETS_KEY=new_key)

            assert new_only.post("/test-connection", {"integration_id": integration_id}).status_code == 200
            # The other one tells what is missing, and can be looked at and repaired.
            refused = new_only.post("/test-connection", {"integration_id": other_id})
            assert "SECRETS_KEY" in problem_of(refused, 500, "internal_error")["detail"]
            assert new_only.get(f"/integrations/{other_id}").status_code == 200
            assert len(new_only.get("/integrations").json()["integrations"]) == 2
            problem_of(notify(pasted), 404, "integration_not_found")
            repaired = new_only.put(f"/integrations/{other_id}", json={**body, "product_id": "B"})
            assert repaired.status_code == 200
            assert new_only.post("/test-connection", {"integration_id": other_id}).status_code == 200

    def test_that_does_not_fit_is_named_by_every_function_that_needs_a_token(
        self, system: LocalSystem, integration: IntegrationUnderTest, aha: Aha
    ) -> None:
        with further_host(system) as host:
            unfit = host.start(SECRETS_KEY=make_secrets_key())

            sent = unfit.send(integration.id, aha.event("PROD-1"))
            tested = unfit.post("/test-connection", {"integration_id": integration.id})
            saved = unfit.put(
                f"/integrations/{integration.id}", json=changed(integration.body, WITHOUT_TOKENS)
            )

        for answer in (sent, tested, saved):
            problem = problem_of(answer, 500, "internal_error")
            assert "SECRETS_KEY" in problem["detail"]
            assert AHA_TOKEN not in answer.text
            assert "Traceback" not in answer.text
