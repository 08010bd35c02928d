"""Read JSON from outside the app: check types and sizes, and report all errors together.

Reading a wrong value does not raise. It adds an error with the value's JSON pointer and returns an empty value, so that
one answer can report every error. The caller must call `InputErrors.raise_if_any()` before it uses what was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.errors import MOST_ERRORS, InputError, InvalidRequest

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot carry (https://www.w3.org/TR/xml/#charsets): no save of a work item accepts it."""
_BLOCK = 65_536


class InputErrors:
    """The errors found so far. The first hundred are kept, the others are counted."""

    def __init__(self) -> None:
        self._errors: list[InputError] = []
        self._count = 0

    def add(self, pointer: str, detail: str) -> None:
        """Add an error at a JSON pointer."""
        self._count += 1
        if self._count <= MOST_ERRORS:
            self._errors.append(InputError(pointer, detail))

    def raise_if_any(self) -> None:
        """Raise InvalidRequest with the errors, if there are any."""
        if self._errors:
            raise InvalidRequest(self._errors, count=self._count)


def escape_pointer(key: str) -> str:
    """A key, escaped for use as one segment of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def is_storable(text: str) -> bool:
    """Whether the text has no control character and no lone surrogate, which none of the systems stores."""
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """The text without the characters that none of the systems stores."""
    if is_storable(text):
        return text
    # In blocks, because a substitution holds a list of all pieces of its text.
    return "".join(_UNSTORABLE.sub("", text[start : start + _BLOCK]) for start in range(0, len(text), _BLOCK))


class JsonObject:
    """A JSON object that is being read. Any other value adds an error and is read as an empty object."""

    def __init__(self, value: Any, errors: InputErrors, pointer: str = "") -> None:
        self.pointer = pointer
        self._errors = errors
        self._values: Mapping[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            errors.add(pointer, "must be an object")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def error(self, key: str, detail: str) -> None:
        """Add an error at one of this object's keys."""
        self._errors.add(self.pointer_to(key), detail)

    def pointer_to(self, key: str) -> str:
        """The JSON pointer of a key of this object."""
        return f"{self.pointer}/{escape_pointer(key)}"

    def text(
        self,
        key: str,
        *,
        required: bool = False,
        longest: int = 1024,
        default: str = "",
        choices: tuple[str, ...] = (),
    ) -> str:
        """A text, without leading and trailing white space. null counts as left out."""
        value = self._values.get(key)
        if value is None:
            if required:
                self.error(key, "is required")
            return default
        if not isinstance(value, str):
            self.error(key, "must be text")
            return default
        value = value.strip()
        if required and not value:
            self.error(key, "must not be empty")
        elif len(value) > longest:
            self.error(key, f"must be at most {longest} characters long")
        elif not is_storable(value):
            self.error(key, "must not contain control characters")
        elif choices and value not in choices:
            self.error(key, f"must be one of {', '.join(choices)}")
        else:
            return value
        return default

    def prose(self, key: str, *, longest: int) -> str:
        """A text that a person wrote. Control characters are removed, because pasted text may contain them."""
        value = self._values.get(key)
        if not isinstance(value, str):
            return self.text(key)
        if len(value) > longest:
            self.error(key, f"must be at most {longest} characters long")
            return ""
        return storable(value).strip()

    def identifier(self, key: str, *, required: bool = True, longest: int = 255) -> str:
        """An id as text. A whole number becomes text too, because Aha! sends small ids as numbers."""
        value = self._values.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            return self.text(key, required=required, longest=longest)
        # Python refuses to write a number of thousands of digits as text.
        if abs(value) >= 10 ** min(longest, 255):
            self.error(key, f"must be at most {longest} characters long")
            return ""
        return str(value)

    def boolean(self, key: str, *, default: bool) -> bool:
        """true or false. null counts as left out."""
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.error(key, "must be true or false")
            return default
        return value

    def whole_number(self, key: str) -> int | None:
        """A whole number of at least 0; None if the value is left out, null or anything else."""
        value = self._values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def object(self, key: str) -> JsonObject:
        """A nested object. Left out or null is read as an empty object."""
        value = self._values.get(key)
        return JsonObject({} if value is None else value, self._errors, self.pointer_to(key))

    def objects(self, key: str, *, most: int) -> Iterator[JsonObject]:
        """A list of objects. Left out or null is read as an empty list."""
        value = self._values.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.error(key, "must be a list")
            return
        if len(value) > most:
            self.error(key, f"must have at most {most} entries")
            return
        for index, item in enumerate(value):
            yield JsonObject(item, self._errors, f"{self.pointer_to(key)}/{index}")

    def raw(self, key: str) -> Any:
        """The unchecked value, None if it was left out."""
        return self._values.get(key)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Every key with its unchecked value."""
        yield from self._values.items()
