"""Records as the JSON of API v1. `base` is the scheme and host that the caller reached the sandbox by."""

from __future__ import annotations

from typing import Any

from local.aha.account import Account
from local.aha.inline_images import as_shown
from local.aha.records import (
    Attachment,
    Description,
    Feature,
    IntegrationField,
    Product,
    Record,
    Release,
    Requirement,
    User,
    Workflow,
    WorkflowStatus,
    time_text,
)

Json = dict[str, Any]

_CUT = 10
"""How many requirements a feature shows if `cut_requirements` is on."""


class Representation:
    """Writes what an account holds for one caller."""

    def __init__(self, account: Account, base: str) -> None:
        self._account = account
        self._base = base

    def user(self, user: User) -> Json:
        """A user as other records show it."""
        created = next(iter(self._account.products.values())).created_at
        return {
            "id": user.id,
            "name": user.name,
            "email": user.email,
            "created_at": time_text(created),
            "updated_at": time_text(created),
        }

    def me(self, user: User) -> Json:
        """The answer of `GET /me`, without its envelope."""
        role = "product_owner" if user.may_write else "viewer"
        return {
            **self.user(user),
            "timezone": "UTC",
            "product_roles": [
                {
                    "role": role,
                    "role_description": role.replace("_", " ").capitalize(),
                    "product_id": self._account.shown_id(product.id),
                    "product_name": product.name,
                }
                for product in self._account.products.values()
                if not product.product_line
            ],
        }

    def product_short(self, product: Product) -> Json:
        """A workspace in a list or inside another record."""
        return {
            "id": product.id,
            "reference_prefix": product.reference_prefix,
            "name": product.name,
            "product_line": product.product_line,
            "created_at": time_text(product.created_at),
            "workspace_type": "product_line" if product.product_line else "product_workspace",
            "url": f"{self._base}/products/{product.reference_prefix}",
        }

    def product(self, product: Product) -> Json:
        """A workspace with the workflows of its record types."""
        return {
            **self.product_short(product),
            "resource": f"{self._base}/api/v1/products/{product.reference_prefix}",
            "feature_workflow": self._workflow_short(product.feature_workflow),
            "requirement_workflow": self._workflow_short(product.requirement_workflow),
        }

    def _workflow_short(self, workflow: Workflow | None) -> Json | None:
        if workflow is None:
            return None
        return {
            "id": self._account.shown_id(workflow.id),
            "name": workflow.name,
            "statusable_type": workflow.statusable_type,
            "workflow_type": "custom",
        }

    def workflow(self, workflow: Workflow) -> Json:
        """A workflow; its statuses are in the order of their ids, not of their positions."""
        return {
            "id": self._account.shown_id(workflow.id),
            "name": workflow.name,
            "statusable_type": workflow.statusable_type,
            "transitions_only": False,
            "workflow_statuses": [self.status(status) for status in workflow.statuses],
            "workflow_kinds": [{"id": kind, "name": name} for kind, name in workflow.kinds],
        }

    def status(self, status: WorkflowStatus) -> Json:
        """A workflow status."""
        return {
            "id": status.id,
            "name": status.name,
            "position": status.position,
            "complete": status.complete,
            "color": status.color,
        }

    def release(self, release: Release) -> Json:
        """A release, whole or inside a feature."""
        return {
            "id": release.id,
            "reference_num": release.reference_num,
            "name": release.name,
            "start_date": None,
            "release_date": None,
            "parking_lot": False,
            "created_at": time_text(release.created_at),
            "product_id": self._account.shown_id(release.product.id),
            "integration_fields": [],
            "url": f"{self._base}/releases/{release.reference_num}",
            "resource": f"{self._base}/api/v1/releases/{release.reference_num}",
            "project": self.product_short(release.product),
        }

    def attachment(self, attachment: Attachment) -> Json:
        """An attachment; a purged one has null sizes."""
        return {
            "id": attachment.id,
            "download_url": f"{self._base}/attachments/{attachment.id}/token/{attachment.token}.download?size=original",
            "created_at": time_text(attachment.created_at),
            "updated_at": time_text(attachment.created_at),
            "original_file_size": attachment.size,
            "content_type": attachment.content_type,
            "file_name": attachment.file_name,
            "file_size": attachment.size,
        }

    def description(self, description: Description) -> Json:
        """A description is an object on read, also when it is empty."""
        return {
            "id": description.id,
            "body": as_shown(description.body, self._base),
            "editor_version": 2,
            "created_at": time_text(description.created_at),
            "updated_at": time_text(description.updated_at),
            "attachments": [self.attachment(attachment) for attachment in description.attachments],
        }

    def integration_field(self, field: IntegrationField) -> Json:
        """A field that an integration keeps on a record; its value is always text."""
        return {
            "id": field.id,
            "name": field.name,
            "value": field.value,
            "integration_id": self._account.shown_id(field.integration.id),
            "service_name": field.integration.service_name,
            "created_at": time_text(field.created_at),
        }

    def address(self, record: Record) -> Json:
        """Where a record is found, by people and by programs."""
        path = f"{record.kind}s/{record.reference_num}"
        return {"url": f"{self._base}/{path}", "resource": f"{self._base}/api/v1/{path}"}

    def short(self, record: Record) -> Json:
        """A record in a list."""
        return {
            "id": record.id,
            "reference_num": record.reference_num,
            "name": record.name,
            "created_at": time_text(record.created_at),
            **self.address(record),
            "product_id": self._account.shown_id(record.product.id),
        }

    def record(self, record: Record) -> Json:
        """A whole feature or requirement."""
        if isinstance(record, Requirement):
            return self.requirement(record)
        if isinstance(record, Feature):
            return self.feature(record)
        raise TypeError(f"{type(record).__name__} is no kind of record")

    def _common(self, record: Record) -> Json:
        assignee = record.assigned_to
        return {
            "id": record.id,
            "name": record.name,
            "reference_num": record.reference_num,
            "position": record.position,
            "created_at": time_text(record.created_at),
            "updated_at": time_text(record.updated_at),
            "created_by_user": self.user(record.created_by),
            "workflow_status": self.status(record.status),
            **self.address(record),
            "description": self.description(record.description),
            "assigned_to_user": {**self.user(assignee), "default_assignee": False} if assignee else None,
            "attachments": [self.attachment(attachment) for attachment in record.attachments],
            "tags": record.tags,
            "full_tags": [
                {"id": number, "name": tag, "color": "#cccccc"} for number, tag in enumerate(record.tags)
            ],
            "custom_fields": [
                {"id": number, "key": key, "name": key.capitalize(), "value": value, "type": "string"}
                for number, (key, value) in enumerate(record.custom_fields.items())
            ],
            "integration_fields": [self.integration_field(field) for field in record.integration_fields],
            "comments_count": 0,
        }

    def requirement(self, requirement: Requirement) -> Json:
        """A whole requirement."""
        return {
            **self._common(requirement),
            "release_id": self._account.shown_id(requirement.feature.release.id),
            "feature": self.short(requirement.feature),
        }

    def feature(self, feature: Feature) -> Json:
        """A whole feature; its requirements come in no particular order."""
        kind_id, kind_name = feature.workflow.kinds[0]
        requirements = [item for item in feature.requirements if item.is_visible]
        if self._account.behaviour.cut_requirements:
            requirements = requirements[:_CUT]
        return {
            **self._common(feature),
            "initiative_reference_num": None,
            "release_reference_num": feature.release.reference_num,
            "epic_reference_num": None,
            "score": 0,
            "start_date": feature.start_date,
            "due_date": feature.due_date,
            "product_id": self._account.shown_id(feature.product.id),
            "progress": 0,
            "progress_source": "progress_manual",
            "workflow_kind": {"id": kind_id, "name": kind_name},
            "project": self.product_short(feature.product),
            "release": self.release(feature.release),
            "requirements": [self.requirement(item) for item in requirements],
            "goals": [],
            "key_results": [],
            "score_facts": [],
            "feature_links": [],
        }
