"""The naive way, for comparison: one request after the other, as in Aha!'s published integration 1.0.

Its call pattern (aha-app/aha-services, lib/services/tfs): a create and a note in Aha! for each record, a link request
for each requirement, and a download, an upload and a link request for each attachment. It sends the same records and
files to the same sandboxes at the same latency. It has less to do than a function app: there is no function host, no
storage and no log, and its connections are kept alive.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests

from local.bench.measured_system import MeasuredSystem
from local.system import ACCOUNT, AHA_TOKEN, WRITE_TOKEN

_PATCH = {"Content-Type": "application/json-patch+json"}
_VERSION = "api-version=7.1"
_INTEGRATION = "vsts"


class NaiveSender:
    """Sends features one request after the other."""

    def __init__(self, measured: MeasuredSystem) -> None:
        self._wit = f"{measured.system.azure_devops.url}/{ACCOUNT}/Fabrikam/_apis/wit"
        self._aha = f"{measured.system.aha.url}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        integrations = measured.aha("GET", "/products/PROD/integrations")["integrations"]
        self._integration_id = next(
            item["id"] for item in integrations if item["service_name"] == _INTEGRATION
        )

    def send(self, event: Any) -> None:
        """A feature with everything that belongs to it."""
        feature = event["feature"]
        work_item_id = self._create("Feature", "features", feature)
        for requirement in feature["requirements"]:
            child_id = self._create("User Story", "requirements", requirement)
            self._relate(
                child_id, "System.LinkTypes.Hierarchy-Reverse", f"{self._wit}/workItems/{work_item_id}"
            )
        for attachment in feature["attachments"]:
            self._attach(work_item_id, attachment)

    def _call(self, method: str, url: str, **arguments: Any) -> requests.Response:
        answer = self._session.request(method, url, timeout=300, **arguments)
        answer.raise_for_status()
        return answer

    def _azure_devops(self, method: str, url: str, **arguments: Any) -> Any:
        return self._call(method, url, auth=("", WRITE_TOKEN), **arguments).json()

    def _create(self, work_item_type: str, kind: str, record: Any) -> int:
        fields = {
            "System.Title": record["name"],
            "System.Description": record["description"]["body"] or "<p></p>",
            "System.AreaPath": "Fabrikam\\Web",
        }
        document = [
            {"op": "add", "path": f"/fields/{name}", "value": value} for name, value in fields.items()
        ]
        url = f"{self._wit}/workitems/${quote(work_item_type)}?{_VERSION}"
        created = self._azure_devops("POST", url, json=document, headers=_PATCH)
        self._call(
            "POST",
            f"{self._aha}/{kind}/{record['id']}/integrations/{self._integration_id}/fields",
            json={"integration_fields": [{"name": "id", "value": str(created["id"])}]},
            headers={"Authorization": f"Bearer {AHA_TOKEN}"},
        )
        return int(created["id"])

    def _relate(self, work_item_id: int, rel: str, url: str) -> None:
        document = [{"op": "add", "path": "/relations/-", "value": {"rel": rel, "url": url}}]
        self._azure_devops(
            "PATCH", f"{self._wit}/workitems/{work_item_id}?{_VERSION}", json=document, headers=_PATCH
        )

    def _attach(self, work_item_id: int, attachment: Any) -> None:
        content = self._call("GET", attachment["download_url"]).content
        url = f"{self._wit}/attachments?fileName={quote(attachment['file_name'])}&{_VERSION}"
        stream = {"Content-Type": "application/octet-stream"}
        uploaded = self._azure_devops("POST", url, data=content, headers=stream)
        self._relate(work_item_id, "AttachedFile", uploaded["url"])
