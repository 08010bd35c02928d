"""An integration: one Aha! product, one Azure DevOps project, and how records map to work items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from shared.domain.description_field import usual_description_field
from shared.domain.kind import Kind
from shared.secret import Secret


class Authentication(str, Enum):
    """How the app signs in to Azure DevOps."""

    PAT = "pat"
    ENTRA = "entra"


@dataclass(frozen=True)
class AzureDevOpsTarget:
    """The Azure DevOps organization, credentials, project and area of an integration. Empty text: not chosen yet.

    `token_expires_on` is the last day of the token, None if it is not known.
    """

    account_name: str = ""
    authentication: Authentication = Authentication.PAT
    personal_access_token: Secret | None = None
    project: str = ""
    area_path: str = ""
    token_expires_on: date | None = None

    @property
    def uses_identity(self) -> bool:
        """Whether the app signs in with its managed identity."""
        return self.authentication is Authentication.ENTRA

    @property
    def has_credentials(self) -> bool:
        """Whether the app can sign in: by a token, or by its managed identity."""
        return self.uses_identity or self.personal_access_token is not None


class LinkBack(str, Enum):
    """The records in Aha! that get the id and the URL of their work item."""

    FEATURE = "feature"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True)
class AhaTarget:
    """The Aha! account that changes are written to.

    `link_back` says which records get the id and the URL of their work item in their integration fields, and
    `integration_id` under which integration of Aha!; empty: under the product's Integration webhook.
    """

    url: str = ""
    api_token: Secret | None = None
    link_back: LinkBack = LinkBack.FEATURE
    integration_id: str = ""


@dataclass(frozen=True)
class RecordMapping:
    """How a kind of record maps to work items. `status_mapping`: Azure DevOps state → Aha! status name or id.

    `description_field` is the field for descriptions; empty: the type decides.
    """

    work_item_type: str = ""
    status_mapping: Mapping[str, str] = field(default_factory=dict)
    default_fields: Mapping[str, Any] = field(default_factory=dict)
    description_field: str = ""


@dataclass(frozen=True)
class Integration:
    """The configuration of one integration. `auto_update`: the timer sends linked features that changed in Aha!."""

    integration_id: str
    name: str
    product_id: str
    enabled: bool
    azure_devops: AzureDevOpsTarget
    aha: AhaTarget
    feature: RecordMapping
    requirement: RecordMapping
    auto_update: bool = False

    def mapping(self, kind: Kind) -> RecordMapping:
        """The mapping of a kind of record."""
        return self.feature if kind is Kind.FEATURE else self.requirement

    def description_field(self, work_item_type: str) -> str:
        """The field that holds the description of a work item of this type, even if records now become another type."""
        chosen = (
            mapping.description_field
            for mapping in (self.feature, self.requirement)
            if mapping.description_field and mapping.work_item_type.casefold() == work_item_type.casefold()
        )
        return next(chosen, usual_description_field(work_item_type))

    @property
    def receives(self) -> bool:
        """Whether changes can be written to Aha!."""
        return bool(self.aha.url and self.aha.api_token)

    def missing(self) -> list[tuple[str, str]]:
        """What a send needs and is not configured yet, as (JSON pointer, name for people), in the order of the form."""
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
    """An integration as Table Storage has it.

    `version` is the row's ETag. `webhook_generation` is what the webhook URL's token is derived from; a new one makes a
    new URL. `unknown` is what a newer version of the app stored with it; a save keeps that.
    """

    integration: Integration
    created_at: datetime
    updated_at: datetime
    version: str
    webhook_generation: str
    unknown: Mapping[str, Any] = field(default_factory=dict)
