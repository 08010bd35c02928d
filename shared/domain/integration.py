"""An integration: the pair of one Aha! product and one Azure DevOps project, and how records become work items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from shared.domain.kind import Kind
from shared.secret import Secret


class Authentication(str, Enum):
    """How the app signs in to Azure DevOps."""

    PAT = "pat"
    ENTRA = "entra"


@dataclass(frozen=True)
class AzureDevOpsTarget:
    """Where in Azure DevOps the work items go. Texts are empty where not chosen yet."""

    account_name: str = ""
    authentication: Authentication = Authentication.PAT
    personal_access_token: Secret | None = None
    project: str = ""
    area_path: str = ""

    @property
    def has_credentials(self) -> bool:
        """Whether there is a way to sign in."""
        return self.authentication is Authentication.ENTRA or self.personal_access_token is not None


@dataclass(frozen=True)
class AhaTarget:
    """The Aha! account that changes are written back to."""

    url: str = ""
    api_token: Secret | None = None


@dataclass(frozen=True)
class RecordMapping:
    """What a kind of record becomes. `status_mapping`: Azure DevOps state → Aha! status name or id."""

    work_item_type: str = ""
    status_mapping: Mapping[str, str] = field(default_factory=dict)
    default_fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Integration:
    """The whole configuration of one integration."""

    integration_id: str
    name: str
    product_id: str
    enabled: bool
    azure_devops: AzureDevOpsTarget
    aha: AhaTarget
    feature: RecordMapping
    requirement: RecordMapping

    def mapping(self, kind: Kind) -> RecordMapping:
        """The mapping of a kind of record."""
        return self.feature if kind is Kind.FEATURE else self.requirement

    @property
    def receives(self) -> bool:
        """Whether changes can be written back to Aha!."""
        return bool(self.aha.url and self.aha.api_token)

    def missing(self) -> list[tuple[str, str]]:
        """What a send needs and is not configured: (JSON pointer, words), in the order of the form."""
        target = self.azure_devops
        wanted = (
            ("/azure_devops/account_name", "the Azure DevOps account", bool(target.account_name)),
            ("/azure_devops/personal_access_token", "the personal access token", target.has_credentials),
            ("/azure_devops/project", "the project", bool(target.project)),
            ("/azure_devops/area_path", "the area path", bool(target.area_path)),
            ("/feature/work_item_type", "the work item type of features", bool(self.feature.work_item_type)),
            (
                "/requirement/work_item_type",
                "the work item type of requirements",
                bool(self.requirement.work_item_type),
            ),
        )
        return [(pointer, words) for pointer, words, present in wanted if not present]


@dataclass(frozen=True)
class StoredIntegration:
    """An integration as it is kept: with its times, its version, and what its webhook URL is derived from."""

    integration: Integration
    created_at: datetime
    updated_at: datetime
    version: str
    webhook_generation: str
