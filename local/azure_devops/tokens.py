"""Personal access tokens, managed identity tokens, and what each bearer may do."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from local.azure_devops import answers
from local.azure_devops.identities import (
    FORMER_MEMBER,
    GUEST,
    MANAGED_IDENTITY,
    READER,
    SECOND_SYNCHRONIZATION,
    SYNCHRONIZATION,
    Identity,
)

PROJECT_READ = "vso.project"
WORK_READ = "vso.work"
WORK_WRITE = "vso.work_write"

AZURE_DEVOPS_RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
IDENTITY_HEADER = "sandbox-identity"


@dataclass(frozen=True)
class Caller:
    """Who asks: the identity behind a credential, the credential's scopes and the identity's permissions."""

    identity: Identity
    scopes: frozenset[str] = frozenset({PROJECT_READ, WORK_READ, WORK_WRITE})
    edits_work_items: bool = True
    edits_subscriptions: bool = True
    bypasses_rules: bool = False
    suppresses_notifications: bool = False
    opens_every_area: bool = False
    is_licensed: bool = True


@dataclass(frozen=True)
class PersonalAccessToken:
    """A token of an organization's member. `refuse` makes the answer to one that is not accepted."""

    caller: Caller
    refuse: Callable[[], Response] | None = None


KINDS: dict[str, PersonalAccessToken] = {
    "write": PersonalAccessToken(Caller(SYNCHRONIZATION)),
    "write_as_second_user": PersonalAccessToken(Caller(SECOND_SYNCHRONIZATION)),
    "read": PersonalAccessToken(
        Caller(
            READER, frozenset({PROJECT_READ, WORK_READ}), edits_work_items=False, edits_subscriptions=False
        )
    ),
    "expired": PersonalAccessToken(Caller(FORMER_MEMBER), answers.expired_token),
    "forbidden": PersonalAccessToken(Caller(GUEST, edits_work_items=False, edits_subscriptions=False)),
    "no_project": PersonalAccessToken(Caller(SYNCHRONIZATION, frozenset({WORK_READ, WORK_WRITE}))),
    "administrator": PersonalAccessToken(
        Caller(SYNCHRONIZATION, bypasses_rules=True, suppresses_notifications=True, opens_every_area=True)
    ),
    "unlicensed": PersonalAccessToken(Caller(GUEST, is_licensed=False)),
    "revoked": PersonalAccessToken(Caller(FORMER_MEMBER), answers.refused_token),
    "all_organizations": PersonalAccessToken(Caller(SYNCHRONIZATION), answers.token_for_all_organizations),
    "conditional_access": PersonalAccessToken(Caller(SYNCHRONIZATION), answers.conditional_access),
}
SEEDED = {
    "sandbox-write-token": "write",
    "sandbox-read-token": "read",
    "sandbox-expired-token": "expired",
    "sandbox-forbidden-token": "forbidden",
    "sandbox-no-project-token": "no_project",
}


class Refused(Exception):
    """The credential was refused; `response` is what the service answers."""

    def __init__(self, response: Response) -> None:
        super().__init__("credential refused")
        self.response = response


class Tokens:
    """All tokens that the organization knows; safe to use from several threads."""

    def __init__(self) -> None:
        self._personal = {token: KINDS[kind] for token, kind in SEEDED.items()}
        self._bearer: dict[str, tuple[float, bool]] = {}
        self.lifetime_seconds = 3600.0

    def add(self, token: str, kind: str) -> None:
        """Make `token` known as one of `KINDS`."""
        self._personal[token] = KINDS[kind]

    def revoke(self, token: str) -> bool:
        """Forget `token`; False if it was not known."""
        return self._personal.pop(token, None) is not None

    def user_of(self, token: str) -> Identity | None:
        """Whose personal access token this is; None if it is not known."""
        known = self._personal.get(token)
        return known.caller.identity if known else None

    def issue(self, resource: str) -> tuple[str, float]:
        """A managed identity token for `resource`, and when it expires (Unix seconds)."""
        parts = (secrets.token_urlsafe(size) for size in (18, 48, 32))
        token = "eyJ" + ".".join(parts)
        expires = time.time() + self.lifetime_seconds
        self._bearer[token] = (expires, resource.removesuffix("/.default") == AZURE_DEVOPS_RESOURCE)
        return token, expires

    def expire_issued(self) -> None:
        """Expire every managed identity token that was issued so far."""
        for token, (_, is_ours) in list(self._bearer.items()):
            self._bearer[token] = (0.0, is_ours)

    def authenticate(self, request: Request, organization: str) -> Caller:
        """The caller behind the request's credential. Raises Refused with the answer that the service gives.

        Which form of a bad credential gets which answer: microsoft/azure-devops-auth-samples#52 (expired Bearer),
        microsoft/azure-devops-mcp#1452 (not canonical Base64), MicrosoftDocs/vsts-rest-api-specs#97 and #574
        (wrong form or none: a sign-in page).
        """
        header = request.headers.get("Authorization", "")
        if not header:
            suppressed = request.headers.get("X-TFS-FedAuthRedirect", "").casefold() == "suppress"
            page = answers.sign_in_page() if suppressed else answers.sign_in_redirect(organization)
            raise Refused(page)
        scheme, _, credential = header.partition(" ")
        if scheme.casefold() == "basic":
            return self._by_personal_token(credential.strip())
        if scheme.casefold() == "bearer":
            return self._by_bearer(credential.strip(), request.method)
        raise Refused(answers.sign_in_page())

    def _by_personal_token(self, credential: str) -> Caller:
        try:
            decoded = base64.b64decode(credential, validate=True)
            # Python 3.10 reads past surplus padding, which is not canonical.
            if base64.b64encode(decoded).decode() != credential:
                raise binascii.Error
            text = decoded.decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(Response("", 401, content_type="text/plain; charset=utf-8")) from None
        _, colon, token = text.partition(":")
        known = self._personal.get(token) if colon else None
        if known is None:
            raise Refused(answers.sign_in_page())
        if known.refuse is not None:
            raise Refused(known.refuse())
        return known.caller

    def _by_bearer(self, token: str, method: str) -> Caller:
        expires, is_ours = self._bearer.get(token, (0.0, False))
        if is_ours and expires > time.time():
            return Caller(MANAGED_IDENTITY)
        if token in self._bearer and method == "PATCH":
            raise Refused(answers.unauthorized().response())
        raise Refused(answers.sign_in_page())
