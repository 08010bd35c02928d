"""infra/ deploys what the code needs, and no secret leaves the vault."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from local.development.infra import faults
from shared.json_body import LARGEST_BODY
from shared.settings import DECLARATIONS, Settings
from tests.openapi import ROOT

FERNET_KEY = base64.urlsafe_b64encode(bytes(32)).decode()
INFRA = ROOT / "infra"
MAIN = (INFRA / "main.bicep").read_text(encoding="utf-8")
EVERYTHING = "\n".join(path.read_text(encoding="utf-8") for path in sorted(INFRA.glob("*.bicep")))

APP_SETTINGS: dict[str, str] = dict(re.findall(r"name: '(\w+)'\n +value: (.+)\n", MAIN))
PARAMETERS: dict[str, str] = dict(re.findall(r"^param (\w+) \w+(?: = (.+))?$", MAIN, re.MULTILINE))

OF_THE_PLATFORM = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "AZURE_CLIENT_ID",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
    "PYTHON_THREADPOOL_THREAD_COUNT",
}
LEFT_OUT = {
    # The managed identity takes the place of a connection string, which is a secret.
    "TABLES_CONNECTION_STRING",
    # For the developer's own machine only.
    "ALLOW_LOCAL_ADDRESSES",
}
REFUSED_ON_FLEX_CONSUMPTION = {
    "AzureWebJobsStorage",
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
}
PROPERTIES_REFUSED_ON_FLEX_CONSUMPTION = (
    "alwaysOn",
    "ftpsState",
    "functionAppScaleLimit",
    "functionsRuntimeScaleMonitoringEnabled",
    "linuxFxVersion",
    "preWarmedInstanceCount",
    "use32BitWorkerProcess",
)
ROLES = {
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}


def value_of(default: str) -> Any:
    """A literal of Bicep as a value of Python."""
    return {"[]": [], "{}": {}}.get(default, default.strip("'") if default.startswith("'") else default)


def test_every_setting_of_the_app_is_set_or_left_out_on_purpose() -> None:
    assert set(APP_SETTINGS) - OF_THE_PLATFORM == {one.name for one in DECLARATIONS} - LEFT_OUT
    assert set(APP_SETTINGS) >= OF_THE_PLATFORM
    assert not set(APP_SETTINGS) & REFUSED_ON_FLEX_CONSUMPTION


def test_the_app_has_no_property_that_flex_consumption_refuses() -> None:
    for name in PROPERTIES_REFUSED_ON_FLEX_CONSUMPTION:
        assert not re.search(rf"^ *{name}:", MAIN, re.MULTILINE), name


@pytest.mark.parametrize(
    ("setting", "parameter"),
    [
        ("AZURE_DEVOPS_URL", "azureDevOpsUrl"),
        ("SEND_TIME_BUDGET_SECONDS", "sendTimeBudgetSeconds"),
        ("PUBLIC_URL", "publicUrl"),
    ],
)
def test_a_parameter_has_the_default_of_its_setting(setting: str, parameter: str) -> None:
    default = next(one.default for one in DECLARATIONS if one.name == setting)

    assert parameter in APP_SETTINGS[setting]
    assert value_of(PARAMETERS[parameter]) == (default or "")


def test_the_app_takes_the_settings_as_they_are_deployed() -> None:
    parameters = {name: value_of(default) for name, default in PARAMETERS.items()}
    deployed = {
        name: str(parameters.get(re.sub(r"^string\((\w+)\)$", r"\1", value), value.strip("'")))
        for name, value in APP_SETTINGS.items()
    }
    # What Azure puts in the place of expressions and of the reference.
    deployed |= {
        "TABLES_ENDPOINT": "https://stfabrikam.table.core.windows.net/",
        "SECRETS_KEY": FERNET_KEY,
        "WEBSITE_HOSTNAME": "fabrikam.azurewebsites.net",
    }

    settings = Settings.from_environment(deployed)

    assert settings.tables_connection_string is None
    assert settings.tables_endpoint == "https://stfabrikam.table.core.windows.net"
    assert settings.public_url == "https://fabrikam.azurewebsites.net"
    assert settings.azure_devops_url == "https://dev.azure.com"
    assert settings.send_time_budget_seconds == 200
    assert not settings.allow_local_addresses


def test_the_platform_keeps_bodies_from_the_app_that_are_far_too_large() -> None:
    limit = int(APP_SETTINGS["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"].strip("'"))

    # A body that is somewhat too large gets the app's own answer.
    assert 2 * LARGEST_BODY < limit < 100 * 1024 * 1024


def test_the_key_is_a_reference_to_the_vault() -> None:
    assert APP_SETTINGS["SECRETS_KEY"].startswith("'@Microsoft.KeyVault(SecretUri=")


def test_the_key_goes_into_the_vault_and_nowhere_else() -> None:
    uses = [
        line.strip()
        for line in MAIN.splitlines()
        if re.search(r"\bsecretsKey\b", line) and not line.lstrip().startswith("//")
    ]

    assert uses == [
        "param secretsKey string = ''",
        "resource secretsKeyInVault 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(secretsKey)) {",
        "value: secretsKey",
    ]
    assert "@secure()\nparam secretsKey" in MAIN


def test_no_output_is_a_secret() -> None:
    outputs = dict(re.findall(r"^output (\w+) string = (.+)$", EVERYTHING, re.MULTILINE))

    assert set(outputs) == {"url", "vaultName", "identityName", "identityObjectId", "appSubnetId"}
    for value in outputs.values():
        assert not re.search(r"key|secret|connection|token|password", value, re.IGNORECASE), value


def test_nothing_reads_a_key_of_an_account() -> None:
    assert not re.search(r"\blist(Keys|AccountSas|ServiceSas|Secrets)\b|AccountKey=", EVERYTHING)
    assert "allowSharedKeyAccess: false" in MAIN
    assert "DisableLocalAuth: true" in MAIN
    assert "enablePurgeProtection: true" in MAIN
    assert "enableRbacAuthorization: true" in MAIN


def test_the_identity_has_these_roles_and_no_others() -> None:
    named = dict(re.findall(r"'([A-Z][\w ]+)': '([0-9a-f-]{36})'", MAIN))
    assigned = re.findall(
        r"roleDefinitionId: subscriptionResourceId\('Microsoft.Authorization/roleDefinitions', roleIds\['(.+)'\]\)",
        MAIN,
    )

    assert named == ROLES
    assert sorted(assigned) == sorted(ROLES)
    assert EVERYTHING.count("Microsoft.Authorization/roleAssignments@") == len(ROLES)


def test_the_app_starts_after_its_roles_and_its_key_exist() -> None:
    waits = re.search(r"dependsOn: \[\n(.*?)\]", MAIN, re.DOTALL)
    roles = re.findall(r"^resource (\w+) 'Microsoft.Authorization/roleAssignments@", MAIN, re.MULTILINE)

    assert waits is not None
    assert {*roles, "secretsKeyInVault", "deployments"} == set(waits[1].split())


def test_the_parameter_file_has_every_parameter_with_its_default_and_no_secret() -> None:
    document = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))
    given = {name: one["value"] for name, one in document["parameters"].items()}

    assert set(given) == set(PARAMETERS) - {"secretsKey", "location"}
    for name, value in given.items():
        if name != "name":
            assert str(value) == str(value_of(PARAMETERS[name])), name


def test_every_skipped_rule_has_a_reason() -> None:
    for skip in re.findall(r"checkov:skip=(.*)", EVERYTHING):
        assert re.fullmatch(r"CKV_AZURE_\d+: .{20,}\.", skip), skip


def test_what_checkov_cannot_read_is_a_fault() -> None:
    report = {
        "results": {
            "parsing_errors": ["infra/main.bicep"],
            "failed_checks": [
                {
                    "file_path": "/alerts.bicep",
                    "file_line_range": [7, 9],
                    "check_id": "CKV_AZURE_1",
                    "check_name": "Ensure something",
                    "resource": "Microsoft.Insights/actionGroups.group",
                }
            ],
        }
    }

    assert faults(report) == [
        "infra/main.bicep: Checkov cannot read it.",
        "alerts.bicep:7: CKV_AZURE_1 Ensure something (Microsoft.Insights/actionGroups.group)",
    ]
    assert faults({"passed": 0, "failed": 0}) == ["Checkov found no Bicep file."]
