"""Features of the integration's product in Aha!, found by a part of their name or by their reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.app import App
from shared.clients.aha_features import AhaFeatures, FoundFeatures, ShortFeature
from shared.concurrency import Threads
from shared.domain.integration import Integration
from shared.domain.json_input import InputErrors
from shared.domain.products import is_of_product
from shared.domain.references import feature_reference_in
from shared.errors import NotFound, System
from shared.features.reading import check_reads_aha
from shared.operation import Operation
from shared.storage.links import LinkStore, StoredLink, UnreadableLink

_MOST = 50
_LONGEST_TEXT = 200
_ANY = "*"


@dataclass(frozen=True)
class Search:
    """At most `limit` features that match a text. An empty text matches all."""

    text: str
    limit: int = _MOST


def read_search(parameters: Mapping[str, str]) -> Search | None:
    """The search that the query parameters ask for; None without `search`. Raises InvalidRequest.

    `*` matches any feature, because the platform does not pass on an empty parameter.
    """
    if "search" not in parameters:
        return None
    errors = InputErrors()
    text = parameters["search"].strip()
    if not 1 <= len(text) <= _LONGEST_TEXT:
        errors.add("/search", f"must have 1 to {_LONGEST_TEXT} characters; * finds every feature")
    limit = parameters.get("limit", str(_MOST))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 1 <= int(limit) <= _MOST):
        errors.add("/limit", f"must be a whole number from 1 to {_MOST} with `search`")
    if "after" in parameters:
        errors.add("/after", "must be left out with `search`, which has one page")
    errors.raise_if_any()
    return Search("" if text == _ANY else text, int(limit))


def find_features(app: App, operation: Operation, integration: Integration, search: Search) -> dict[str, Any]:
    """`{"features": [{"id", "reference_num", "name", "linked"}], "has_more": whether more match}`.

    Raises:
        IntegrationIncomplete: the integration has no Aha! address or token.
        NotFound: Aha! does not show the product.
        CredentialsRejected, Forbidden, Unavailable: Aha! cannot be read.
    """
    check_reads_aha(integration)
    aha: AhaFeatures = app.aha_features(integration.aha, operation)
    try:
        found = _find(aha, integration.product_id, search)
    except NotFound as error:
        raise NotFound(
            System.AHA,
            f"Aha! shows no product {integration.product_id}. Correct the product of the integration, or give the user "
            "of the Aha! token access to the workspace.",
            evidence=error.evidence,
        ) from None
    linked = _linked(app.links, integration.integration_id, found.features)
    return {
        "features": [
            {"id": one.id, "reference_num": one.reference, "name": one.name, "linked": one.id in linked}
            for one in found.features
        ],
        "has_more": found.has_more,
    }


def _find(aha: AhaFeatures, product_id: str, search: Search) -> FoundFeatures:
    reference = feature_reference_in(search.text)
    if reference is None:
        return aha.search(product_id, search.text, search.limit)
    with Threads(1, "reference") as thread:
        reading = thread.submit(_named, aha, product_id, reference)
        by_text = aha.search(product_id, search.text, search.limit)
        named = reading.result()
    return named_first(named, by_text, search.limit)


def named_first(named: Sequence[ShortFeature], by_text: FoundFeatures, limit: int) -> FoundFeatures:
    """The feature that has the reference, if any, then those that match the text; each once, and at most `limit`."""
    others = [one for one in by_text.features if all(one.id != other.id for other in named)]
    features = (*named, *others)
    return FoundFeatures(features[:limit], by_text.has_more or len(features) > limit)


def _named(aha: AhaFeatures, product_id: str, reference: str) -> Sequence[ShortFeature]:
    """The feature of the product with a reference, if there is one."""
    try:
        feature = aha.named(reference)
    except NotFound:
        return ()
    return (feature,) if feature.id and is_of_product(feature.product, product_id) else ()


def _linked(links: LinkStore, integration_id: str, features: Sequence[ShortFeature]) -> set[str]:
    """The ids of those that have a work item. A feature with a damaged row counts as linked."""
    found = links.load_each(integration_id, [one.id for one in features])
    return {aha_id for aha_id, stored in found.items() if isinstance(stored, StoredLink | UnreadableLink)}
