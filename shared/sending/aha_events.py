"""Events as Aha!'s own Integration webhook posts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import log_events
from shared.domain.records import FEATURE_EVENTS, is_release_event
from shared.operation import Operation

_LONGEST_REFERENCE = 64


def log_event(body: Any, operation: Operation) -> dict[str, str] | None:
    """Log that an event arrived, so that a person sees that Aha! reaches the app.

    Returns the answer to an event that is ignored; None for any other body, even if it is not an event.
    """
    if is_release_event(body):
        operation.log.add(log_events.EVENT_IGNORED, "The event is about a release. Only features are sent.")
        return {"status": "ignored", "reason": "release_event"}
    # Set before the body is checked, so that its errors name the feature.
    operation.log.name_subject(reference=_reference(body))
    name = body.get("event") if isinstance(body, Mapping) else None
    if name in FEATURE_EVENTS:
        operation.log.add(log_events.EVENT_RECEIVED, f"The event {name} arrived.", aha_event=name)
    return None


def _reference(body: Any) -> str:
    feature = body.get("feature") if isinstance(body, Mapping) else None
    reference = feature.get("reference_num") if isinstance(feature, Mapping) else None
    return reference[:_LONGEST_REFERENCE] if isinstance(reference, str) else ""
