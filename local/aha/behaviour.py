"""Switches for behaviour that the public sources do not define or that differs between accounts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

_CHOICES: dict[str, tuple[Any, ...]] = {
    "refused_status": (400, 422),
    "error_shape": ("error", "errors_object", "errors_list"),
    "retry_after_header": ("Retry-After", "retry_after", None),
    "fields_not_found": ("empty", "404"),
}


@dataclass
class Behaviour:
    """The switches of `PUT /_control/behaviour`, with what a new sandbox does."""

    refused_status: int = 422
    error_shape: str = "error"
    retry_after_header: str | None = "Retry-After"
    clean_html: bool = True
    unchanged_writes: bool = False
    """A PUT answers 200 and changes nothing."""
    small_integration_ids: bool = False
    """Ids other than a record's own are small numbers instead of long texts."""
    fields_not_found: str = "empty"
    """What a search for integration fields answers when nothing is found."""
    replace_integration_fields: bool = True
    """Whether a field posted under a name that exists replaces it (else both exist)."""
    integration_fields_touch: bool = False
    """Whether writing or removing a field moves the record's `updated_at`."""
    attachments_by_redirect: bool = True
    """Downloads lead to a storage address that refuses an Authorization header."""
    ranges: bool = True
    """Whether downloads honour the Range header."""
    demand_user_agent: bool = False
    cut_requirements: bool = False
    """A feature shows ten of its requirements at most; the list of its requirements has them all."""
    requirements_touch_features: bool = False
    """Whether the change of a requirement moves `updated_at` of its feature, too."""

    def change(self, document: Any) -> None:
        """Sets the named switches. Raises ValueError, and then sets none, if one is wrong."""
        if not isinstance(document, dict):
            raise ValueError("the behaviour must be a JSON object")
        known = {switch.name: switch for switch in fields(self)}
        for name, value in document.items():
            if name not in known:
                raise ValueError(f"{name} is not one of {', '.join(known)}")
            if name in _CHOICES:
                if isinstance(value, bool) or value not in _CHOICES[name]:
                    raise ValueError(f"{name} must be one of {list(_CHOICES[name])}")
            elif not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false")
        for name, value in document.items():
            setattr(self, name, value)

    def to_json(self) -> dict[str, Any]:
        """All switches."""
        return asdict(self)

    def error_body(self, message: str) -> dict[str, Any]:
        """An error in one of the three shapes that Aha!'s Ruby client (aha-app/aha-api) reads."""
        if self.error_shape == "errors_object":
            return {"errors": {"message": message}}
        if self.error_shape == "errors_list":
            return {"errors": [{"message": message}]}
        return {"error": message}
