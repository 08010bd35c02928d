"""One Aha! account in memory: its records, and how they are found, created and deleted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TypeVar

from local.aha.behaviour import Behaviour
from local.aha.errors import RecordNotFound
from local.aha.file_content import FileContent
from local.aha.installed_extension import InstalledExtension
from local.aha.rate_limit import DEFAULT_PER_MINUTE, DEFAULT_PER_SECOND, RateLimit
from local.aha.records import (
    Attachment,
    Description,
    Feature,
    Integration,
    IntegrationField,
    Product,
    Record,
    Release,
    Requirement,
    User,
    Workflow,
    new_token,
)
from local.aha.send_dropdown import SendDropdown

_FIRST_ID = 7489142925063719555
_ID_STEP = 1009


class Account:
    """Records by id. Every method that reads or changes them is called with `lock` held."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.rate_limit = RateLimit()
        self.extension = InstalledExtension()
        self.send_dropdown = SendDropdown()
        self.clear()

    def clear(self) -> None:
        """Deletes everything, including switches and limits. Ids start again."""
        self._next_id = _FIRST_ID
        self.behaviour = Behaviour()
        self.extension.clear()
        self.send_dropdown.clear()
        self.rate_limit.change(DEFAULT_PER_SECOND, DEFAULT_PER_MINUTE)
        self.users_by_token: dict[str, User] = {}
        self.products: dict[str, Product] = {}
        self.workflows: dict[str, Workflow] = {}
        self.releases: dict[str, Release] = {}
        self.integrations: dict[str, Integration] = {}
        self.features: dict[str, Feature] = {}
        self.requirements: dict[str, Requirement] = {}
        self.unlisted_attachments: list[Attachment] = []
        """Files that only an image in a description refers to."""

    def new_id(self) -> str:
        """A 19-digit id, above what a float or JavaScript can hold."""
        self._next_id += _ID_STEP
        return str(self._next_id)

    def shown_id(self, identifier: str) -> str | int:
        """An id other than a record's own, as answers show it: a number when small, else a text."""
        return int(identifier) % 10**9 if self.behaviour.small_integration_ids else identifier

    def is_id(self, given: object, identifier: str) -> bool:
        """Whether a caller's number or text is this id."""
        return str(given) in (identifier, str(self.shown_id(identifier)))

    @property
    def users(self) -> list[User]:
        """Everybody with an account, each once."""
        return list({user.id: user for user in self.users_by_token.values()}.values())

    def user(self, email: object) -> User | None:
        """The user with an e-mail address."""
        return next((user for user in self.users if user.email == email), None)

    def product(self, identifier: str) -> Product:
        """By id or prefix."""
        for product in self.products.values():
            if identifier in (product.id, product.reference_prefix):
                return product
        raise RecordNotFound

    def release(self, identifier: str) -> Release:
        """By id or reference."""
        for release in self.releases.values():
            if identifier in (release.id, release.reference_num):
                return release
        raise RecordNotFound

    def workflow(self, identifier: str) -> Workflow:
        """By id."""
        for workflow in self.workflows.values():
            if self.is_id(identifier, workflow.id):
                return workflow
        raise RecordNotFound

    def integration(self, identifier: str) -> Integration:
        """By id or, in the older way, by the name of its service."""
        for integration in self.integrations.values():
            if self.is_id(identifier, integration.id) or identifier == integration.service_name:
                return integration
        raise RecordNotFound

    def feature(self, identifier: str) -> Feature:
        """By id or reference, which is matched in upper case only."""
        return _find(self.features, identifier)

    def requirement(self, identifier: str) -> Requirement:
        """By id or reference."""
        return _find(self.requirements, identifier)

    def record(self, kind: str, identifier: str) -> Record:
        """A feature or a requirement, by the plural that paths have."""
        return self.feature(identifier) if kind == "features" else self.requirement(identifier)

    def any_record(self, identifier: str) -> Record:
        """A feature or a requirement by id or reference, a hidden one too."""
        for record in self.records():
            if identifier in (record.id, record.reference_num):
                return record
        raise RecordNotFound

    def records(self) -> Iterator[Record]:
        """Every feature, each followed by its requirements in their positions; hidden ones too."""
        for feature in list(self.features.values()):
            yield feature
            yield from sorted(feature.requirements, key=lambda requirement: requirement.position)

    def attachment(self, identifier: str) -> Attachment:
        """By id, on whichever record it is."""
        listed = (
            attachment
            for record in self.records()
            for attachment in (*record.attachments, *record.description.attachments)
        )
        for attachment in (*listed, *self.unlisted_attachments):
            if attachment.id == identifier:
                return attachment
        raise RecordNotFound

    def note(self, identifier: str) -> tuple[Record, Description]:
        """The description with an id, and its record."""
        for record in self.records():
            if record.description.id == identifier and record.is_visible:
                return record, record.description
        raise RecordNotFound

    def new_description(self, body: str = "", created_at: datetime | None = None) -> Description:
        """An empty or filled note."""
        moment = created_at or now()
        return Description(id=self.new_id(), body=body, created_at=moment, updated_at=moment)

    def new_attachment(
        self, file_name: str, content_type: str, content: FileContent, created_at: datetime | None = None
    ) -> Attachment:
        """A file that is on no record yet. Its tokens have 64 hexadecimal digits."""
        identifier = self.new_id()
        return Attachment(
            id=identifier,
            file_name=file_name,
            content_type=content_type,
            content=content,
            created_at=created_at or now(),
            token=new_token(identifier, "download"),
            inline_token=new_token(identifier, "inline"),
        )

    def new_feature(
        self, release: Release, name: str, user: User, created_at: datetime | None = None
    ) -> Feature:
        """A feature in the first status of its workflow, at the end of its release."""
        product = release.product
        product.latest_feature += 1
        moment = created_at or now()
        feature = Feature(
            id=self.new_id(),
            reference_num=f"{product.reference_prefix}-{product.latest_feature}",
            name=name,
            status=product.workflow("feature").first_status,
            description=self.new_description(created_at=moment),
            created_by=user,
            created_at=moment,
            updated_at=moment,
            position=sum(other.release is release for other in self.features.values()) + 1,
            release=release,
        )
        self.features[feature.id] = feature
        return feature

    def new_requirement(
        self, feature: Feature, name: str, user: User, created_at: datetime | None = None
    ) -> Requirement:
        """A requirement in the first status of its workflow, at the end of its feature."""
        moment = created_at or now()
        requirement = Requirement(
            id=self.new_id(),
            reference_num=_next_requirement_reference(feature),
            name=name,
            status=feature.product.workflow("requirement").first_status,
            description=self.new_description(created_at=moment),
            created_by=user,
            created_at=moment,
            updated_at=moment,
            position=len(feature.requirements) + 1,
            feature=feature,
        )
        self.requirements[requirement.id] = requirement
        feature.requirements.append(requirement)
        return requirement

    def move_requirement(self, requirement: Requirement, feature: Feature) -> None:
        """To another feature; it is unconfirmed that the reference changes, too."""
        requirement.feature.requirements.remove(requirement)
        requirement.feature = feature
        requirement.reference_num = _next_requirement_reference(feature)
        requirement.position = len(feature.requirements) + 1
        feature.requirements.append(requirement)

    def delete(self, record: Record) -> None:
        """Deletes a feature with its requirements."""
        if isinstance(record, Requirement):
            record.feature.requirements.remove(record)
            del self.requirements[record.id]
        elif isinstance(record, Feature):
            for requirement in record.requirements:
                del self.requirements[requirement.id]
            del self.features[record.id]

    def integration_fields(self) -> Iterator[tuple[Record, IntegrationField]]:
        """Every integration field of every visible record."""
        for record in self.records():
            if record.is_visible:
                for integration_field in record.integration_fields:
                    yield record, integration_field


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(timezone.utc)


_AnyRecord = TypeVar("_AnyRecord", Feature, Requirement)


def _find(records: dict[str, _AnyRecord], identifier: str) -> _AnyRecord:
    for record in records.values():
        if identifier in (record.id, record.reference_num) and record.is_visible:
            return record
    raise RecordNotFound


def _next_requirement_reference(feature: Feature) -> str:
    feature.latest_requirement += 1
    return f"{feature.reference_num}-{feature.latest_requirement}"
