"""Aha!'s integrations and the fields that they keep with a record.

Reference: https://www.aha.io/api/resources/integrations and …/integration_fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from shared.clients.aha import Aha, unusable
from shared.clients.http import Request
from shared.domain.integration_fields import WEBHOOKS, IntegrationField, read_integration_fields
from shared.domain.kind import Kind
from shared.domain.subject import RequestAction, Subject
from shared.errors import NotFound

_MOST_PER_PAGE = 200


class AhaIntegrations(Aha):
    """An Aha! account with its integrations. Methods raise the same errors as those of `Aha`."""

    def webhooks(self, product_id: str) -> tuple[str, ...]:
        """The ids of a product's Integration webhooks."""
        path = f"{self._product_path(product_id)}/integrations?per_page={_MOST_PER_PAGE}"
        rows = self._read(path).get("integrations")
        if not isinstance(rows, list):
            raise unusable()
        found = (row for row in rows if isinstance(row, Mapping) and row.get("service_name") == WEBHOOKS)
        return tuple(str(row["id"]) for row in found if row.get("id"))

    def fields(self, kind: Kind, record_id: str) -> tuple[IntegrationField, ...]:
        """The integration fields of a record."""
        request = Request("GET", self._url(kind, record_id), subject=self._subject(kind, record_id))
        body = self._http.send(request).json()
        record = body.get(kind.value) if isinstance(body, Mapping) else None
        fields = (
            read_integration_fields(record.get("integration_fields")) if isinstance(record, Mapping) else None
        )
        if fields is None:
            raise unusable()
        return fields

    def add_fields(self, kind: Kind, record_id: str, integration_id: str, values: Mapping[str, str]) -> None:
        """Write fields of a record that it does not have yet."""
        fields = [{"name": name, "value": value} for name, value in values.items()]
        body = json.dumps({"integration_fields": fields}).encode()
        path = f"{self._url(kind, record_id)}/integrations/{quote(integration_id, safe='')}/fields"
        request = Request(
            "POST",
            path,
            {"Content-Type": "application/json"},
            lambda: body,
            # A second POST may add the fields a second time.
            repeatable=False,
            subject=replace(self._subject(kind, record_id), action=RequestAction.UPDATE),
        )
        ids = self._http.send(request).json()
        if not _are_ids(ids, len(fields)):
            raise unusable()

    def remove_field(self, field_id: str, kind: Kind, record_id: str) -> None:
        """Remove a field of a record; nothing happens if it is not there."""
        subject: Subject = replace(self._subject(kind, record_id), action=RequestAction.UPDATE)
        url = f"{self._base_url}/integration_fields/{quote(field_id, safe='')}"
        try:
            self._http.send(Request("DELETE", url, subject=subject))
        except NotFound:
            return


def _are_ids(answer: Any, count: int) -> bool:
    """Whether an answer is a list of `count` ids of new fields."""
    return isinstance(answer, list) and len(answer) == count
