"""One request to the sandbox, as its endpoints see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from local.aha.account import Account
from local.aha.activity import ActivityWebhooks
from local.aha.errors import RecordNotFound, Refusal
from local.aha.records import User
from local.aha.representation import Json, Representation

DEFAULT_PER_PAGE = 30
MOST_PER_PAGE = 200


@dataclass(frozen=True)
class Call:
    """A request, who makes it, and the account it is made to, whose lock is held while it is answered."""

    request: Request
    account: Account
    activity: ActivityWebhooks
    user: User

    @property
    def base(self) -> str:
        """Scheme and host that the caller used."""
        return self.request.host_url.rstrip("/")

    @property
    def show(self) -> Representation:
        """Writes answers for this caller."""
        return Representation(self.account, self.base)

    def document(self, envelope: str) -> dict[str, Any]:
        """The JSON object under the body's one key, such as `{"feature": {…}}`."""
        content = self.body().get(envelope)
        if not isinstance(content, dict):
            raise Refusal(400, f"param is missing or the value is empty: {envelope}")
        return content

    def body(self) -> dict[str, Any]:
        """The JSON object of the body; without the media type it is not read as one."""
        if self.request.mimetype != "application/json":
            return {}
        try:
            document = json.loads(self.request.get_data())
        except ValueError:
            raise Refusal(400, "There was a problem parsing the request body as JSON.") from None
        return document if isinstance(document, dict) else {}

    def select(self, record: Json) -> Json:
        """The keys that `?fields=` asks for; the id is always among them (unconfirmed)."""
        wanted = {name.strip() for name in self.request.args.get("fields", "*").split(",")}
        return record if "*" in wanted else {key: record[key] for key in record if key in wanted | {"id"}}

    def page(self, plural: str, items: Iterable[Any], write: Callable[[Any], Json]) -> Response:
        """One page of a list, `?page=` and `?per_page=` as asked."""
        everything = list(items)
        page = max(1, self._number("page", 1))
        per_page = min(MOST_PER_PAGE, max(1, self._number("per_page", DEFAULT_PER_PAGE)))
        shown = everything[(page - 1) * per_page : page * per_page]
        return json_response(
            {
                plural: [write(item) for item in shown],
                "pagination": {
                    "total_records": len(everything),
                    "total_pages": -(-len(everything) // per_page),
                    "current_page": page,
                },
            }
        )

    def _number(self, name: str, default: int) -> int:
        text = self.request.args.get(name, "")
        return int(text) if text.isdecimal() else default


Endpoint = Callable[..., Response]
Route = tuple[str, str, Endpoint]
"""Method, path below the prefix, and the function that answers it: `(call, **path arguments)`."""


def json_response(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in Aha!'s media type."""
    text = json.dumps(document, ensure_ascii=False)
    return Response(text, status=status, headers=headers, content_type="application/json; charset=utf-8")


def html_not_found() -> Response:
    """Aha!'s answer for an address that is not part of its API: a page, not JSON."""
    page = "<!DOCTYPE html><html><head><title>Aha!</title></head><body><h1>Page not found</h1></body></html>"
    return Response(page, status=404, content_type="text/html; charset=utf-8")


def not_found(_error: RecordNotFound) -> Response:
    """The answer for an object that does not exist, or that the caller may not see."""
    return json_response({"error": "Record not found."}, 404)
