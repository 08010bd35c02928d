"""What a person does about each error code.

docs/troubleshooting.md has the same words, and a test compares them. They must fit every operation; the error's
`detail` says what exactly is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "invalid_json": "Send JSON with a Content-Length.",
    "invalid_request": "Correct every error that is listed.",
    "not_linked": "Send the feature, or link the record to a work item.",
    "already_linked": "Unlink the other one first.",
    "integration_not_found": "Check the id, or copy the webhook URL again.",
    "integration_disabled": "Enable the integration.",
    "integration_incomplete": "Complete the integration.",
    "other_product": "Send it with the integration of its product, or correct the integration's product.",
    "product_taken": "Choose another product, or change the other integration.",
    "organization_in_use": (
        "Keep the organization, or unlink the features first. For another organization, create another integration."
    ),
    "feature_busy": "Wait some seconds, then repeat.",
    "precondition_failed": "Read the integration again, then repeat the change.",
    "body_too_large": "Send fewer requirements at a time. The work items of the other requirements stay.",
    "azure_devops_credentials_rejected": (
        "Create a new token with the scopes Project and Team: Read and Work Items: Read & write, and save it in the "
        "integration."
    ),
    "azure_devops_forbidden": "Ask an administrator for the right that the message names.",
    "azure_devops_not_found": "Choose one that exists, or ask an administrator to give the token's user access.",
    "azure_devops_rule_violation": "Correct the field that the message names, in the integration or in Aha!.",
    "aha_credentials_rejected": "Create a new API key, and save it in the integration.",
    "aha_forbidden": (
        "Make the key's user a contributor in the workspace. For a file, send the feature again: it then has new "
        "addresses."
    ),
    "aha_not_found": (
        "Correct the reference, the product or the address. For a file, remove it in Aha!, or attach it again."
    ),
    "aha_rule_violation": "Correct the value that the message names, in Aha! or in the status mapping.",
    "azure_devops_unavailable": "Nothing has to be repaired. Wait, then repeat.",
    "aha_unavailable": (
        "Nothing has to be repaired. Azure DevOps delivers a notification again; repeat other requests later."
    ),
    "storage_unavailable": "If the error continues, check TABLES_CONNECTION_STRING or the role of the identity.",
    "app_busy": "Wait some seconds, then repeat.",
    "internal_error": (
        "If an app setting is named, correct it. For a defect, look up the operation id in Application Insights."
    ),
}
"""By error code."""
