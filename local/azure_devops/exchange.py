"""One request to the REST API, with the data that is known before its handler runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from local.azure_devops.answers import ModelError, ServiceError
from local.azure_devops.json_patch import MEDIA_TYPE, check_media_type, invalid_document
from local.azure_devops.organization import Organization
from local.azure_devops.projects import Project
from local.azure_devops.service_hooks import ServiceHooks
from local.azure_devops.tokens import Caller

_API_VERSION = re.compile(r"(\d+)\.(\d+)(-preview(\.\d+)?)?", re.IGNORECASE)
_ACCEPTED = re.compile(r"api-version=([^;,\s]+)", re.IGNORECASE)
# The original serves older versions too, in which identities are plain text.
_OLDEST, _NEWEST, _ONLY_PREVIEW = (5, 0), (7, 2), (7, 2)


@dataclass(frozen=True)
class ApiVersion:
    """The version that a request names."""

    text: str
    number: tuple[int, int]
    is_preview: bool

    @property
    def shows_formats(self) -> bool:
        """Whether work items show multilineFieldsFormat, which only the 7.2-preview model has."""
        return self.number >= (7, 2)


def read_api_version(request: Request, *, is_preview_only: bool = False) -> ApiVersion:
    """The version of `?api-version=` or of the Accept header. Raises 400 without one or for one that is not served.

    learn.microsoft.com, azure/devops/integrate/concepts/rest-api-versioning.
    """
    accepted = _ACCEPTED.search(request.headers.get("Accept", ""))
    text = request.args.get("api-version") or (accepted.group(1) if accepted else "")
    if not text:
        raise _version_error(
            f'No api-version was supplied for the "{request.method}" request. The version must be supplied either '
            'as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter '
            '(e.g. "?api-version=1.0").',
            "VssVersionNotSpecifiedException",
        )
    match = _API_VERSION.fullmatch(text)
    number = (int(match.group(1)), int(match.group(2))) if match else (0, 0)
    if match is None or not _OLDEST <= number <= _NEWEST:
        raise _version_error(
            f"The requested REST API version of {text} is out of range for this server. The latest REST API version "
            "this server supports is 7.2.",
            "VssVersionOutOfRangeException",
        )
    version = ApiVersion(text, number, match.group(3) is not None)
    if not version.is_preview and (is_preview_only or number >= _ONLY_PREVIEW):
        raise _version_error(
            f'The requested version "{text}" of the resource is under preview. The -preview flag must be supplied in '
            f'the api-version for such requests. For example: "{text}-preview"',
            "VssInvalidPreviewVersionException",
        )
    return version


def _version_error(message: str, type_key: str) -> ServiceError:
    return ServiceError(400, message, type_key, namespace="Microsoft.VisualStudio.Services.WebApi")


@dataclass(frozen=True)
class Exchange:
    """What a handler works with. The organization's lock is not held."""

    organization: Organization
    hooks: ServiceHooks
    request: Request
    caller: Caller
    api_version: ApiVersion
    project: Project | None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The organization's URL, as the request addressed it."""
        return self.request.host_url + self.organization.name

    @property
    def project_base(self) -> str:
        """The URL of the request's project, by GUID."""
        return f"{self.base}/{self.needed_project().id}"

    def needed_project(self) -> Project:
        """The project of the URL. Raises 404 for a URL without one where one is needed."""
        if self.project is None:
            raise ModelError(404, "A project is needed in the URL of this request.")
        return self.project

    def json_body(self, media_type: str = "application/json") -> Any:
        """The request's JSON value. Raises 400 if there is none, and if it is of another media type."""
        if media_type == MEDIA_TYPE:
            check_media_type(self.request.content_type or "", self.request.method)
        elif self.request.mimetype != media_type:
            raise ModelError(
                415,
                f"The request entity's media type '{self.request.mimetype}' is not supported for this resource.",
            )
        try:
            return json.loads(self.request.get_data())
        except ValueError:
            raise invalid_document("The request body is not valid JSON.") from None

    def json_object(self) -> dict[str, Any]:
        """The request's JSON object. Raises 400 if it is none."""
        value = self.json_body()
        if not isinstance(value, dict):
            raise ModelError(400, "The request body must be a JSON object.")
        return value

    def flag(self, name: str) -> bool:
        """A query parameter that is `true` or `false`."""
        return self.request.args.get(name, "").casefold() == "true"

    def whole_number(self, name: str, default: int) -> int:
        """A query parameter that is a whole number, not negative. Raises 400 for another value."""
        text = self.request.args.get(name)
        if text is None:
            return default
        if not text.isdecimal():
            raise ModelError(400, f"The value '{text}' is not valid for {name}.")
        return int(text)


Handler = Callable[[Exchange], Response]


@dataclass(frozen=True)
class Endpoint:
    """A handler with what its caller's credential must allow."""

    handler: Handler
    scope: str
    is_preview_only: bool = False
