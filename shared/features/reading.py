"""Read a feature from Aha!, by its reference or id, or by those of one of its requirements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.app import App
from shared.clients.aha import record_of
from shared.clients.aha_features import AhaFeatures
from shared.domain.aha_record import AhaRecord
from shared.domain.integration import Integration
from shared.domain.kind import Kind
from shared.domain.records import Feature, read_feature
from shared.domain.references import RecordName
from shared.domain.send_plan import Family
from shared.errors import IntegrationIncomplete, InvalidRequest, NotFound, RuleViolation, System
from shared.operation import Operation
from shared.sending.send import check_product


@dataclass(frozen=True)
class FeatureInAha:
    """A feature and its requirements as they are in Aha! now: in the form for a send, and each with its status.

    `records` are by Aha! id.
    """

    feature: Feature
    records: Mapping[str, AhaRecord]

    def family_of(self, kind: Kind, feature_work_item_id: int | None) -> Family:
        """The family of a record of this kind. `feature_work_item_id` is None if the feature has no work item."""
        if kind is Kind.REQUIREMENT:
            return Family(self.feature.record.id, feature_work_item_id)
        return Family(requirement_ids=tuple(record.id for record in self.feature.requirements))


def read_from_aha(app: App, operation: Operation, integration: Integration, name: RecordName) -> FeatureInAha:
    """The feature that a name stands for. A requirement's name stands for its feature.

    Raises:
        IntegrationIncomplete: the integration has no Aha! address or token.
        OtherProduct: the feature belongs to another product.
        NotFound: Aha! shows no such record.
        RuleViolation: the feature has something that cannot be sent.
        CredentialsRejected, Forbidden, Unavailable: Aha! cannot be read.
    """
    check_reads_aha(integration)
    aha: AhaFeatures = app.aha_features(integration.aha, operation)
    try:
        source = _feature(aha, name)
    except NotFound as error:
        raise NotFound(
            System.AHA,
            f"Aha! shows no feature {name.text}. Check the reference, or give the user of the Aha! token access to the "
            "workspace.",
            evidence=error.evidence,
        ) from None
    requirements = [item for item in source.get("requirements") or () if isinstance(item, Mapping)]
    try:
        feature = read_feature({"feature": {**source, "requirements": requirements}})
    except InvalidRequest as error:
        raise RuleViolation(
            System.AHA, f"{name.text} cannot be sent as it is in Aha!: {error.detail}"
        ) from None
    check_product(integration, feature)
    records = {str(item["id"]): record_of(item) for item in (source, *requirements)}
    return FeatureInAha(feature, records)


def check_reads_aha(integration: Integration) -> None:
    """Raises IntegrationIncomplete if the integration has no Aha! address or token."""
    if not integration.receives:
        raise IntegrationIncomplete(
            "The integration has no Aha! address and API token, so the app cannot read features from Aha!. Save "
            "them in the integration, or send the feature as JSON."
        )


def _feature(aha: AhaFeatures, name: RecordName) -> Mapping[str, Any]:
    if name.kind is Kind.REQUIREMENT:
        return aha.feature(aha.feature_of_requirement(name.text))
    try:
        return aha.feature(name.text)
    except NotFound:
        if not name.is_id:
            raise
    return aha.feature(aha.feature_of_requirement(name.text))
