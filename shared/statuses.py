"""The HTTP status of each error."""

from __future__ import annotations

from shared.errors import (
    AlreadyLinked,
    BodyTooLarge,
    FeatureBusy,
    IntegrationDisabled,
    IntegrationIncomplete,
    IntegrationNotFound,
    InvalidInput,
    NotLinked,
    OperationFailed,
    OrganizationInUse,
    OtherProduct,
    PreconditionFailed,
    ProductTaken,
    Refused,
    TooBusy,
    Unavailable,
)

STATUSES: tuple[tuple[type[OperationFailed], int], ...] = (
    (BodyTooLarge, 413),
    (InvalidInput, 400),
    (IntegrationNotFound, 404),
    (IntegrationDisabled, 409),
    (IntegrationIncomplete, 409),
    (ProductTaken, 409),
    (OrganizationInUse, 409),
    (OtherProduct, 422),
    (FeatureBusy, 409),
    (NotLinked, 404),
    (AlreadyLinked, 409),
    (PreconditionFailed, 412),
    (Refused, 422),
    (Unavailable, 503),
    (TooBusy, 503),
    (OperationFailed, 500),
)
"""The HTTP status of each error. The first class that fits decides."""

CALLERS_MISTAKES = frozenset((400, 404, 409, 412, 413))
"""Statuses that mean that the request must change, not the integration."""


def status_for(error: OperationFailed) -> int:
    """The HTTP status of an error."""
    return next(status for kind, status in STATUSES if isinstance(error, kind))
