"""The clean-up that long text in HTML goes through on save.

The service does not store the text as it was sent; which rewriting it does is not documented. This clean-up is similar:
it removes active content, normalises the spelling of tags, and does not change clean text.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

_DROPPED_WITH_CONTENT = frozenset(
    ("script", "style", "iframe", "object", "embed", "applet", "noscript", "template", "svg", "math", "title")
)
_DROPPED = frozenset(
    ("html", "head", "body", "form", "input", "button", "select", "meta", "link", "base", "textarea")
)
_VOID = frozenset(("br", "hr", "img", "wbr", "col"))
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "figure", "footer"),
        *(
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "li",
            "main",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
        ),
        *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    )
)
_URL_ATTRIBUTES = frozenset(("href", "src", "cite", "background"))
_SAFE_SCHEMES = ("http:", "https:", "mailto:", "data:image/", "tel:")


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, str]] = []
        """Pieces of the clean text, each marked `inline` or `block` by the top-level element it belongs to."""
        self._open: list[str] = []
        self._dropping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping or tag in _DROPPED_WITH_CONTENT:
            if tag in _DROPPED_WITH_CONTENT:
                self._dropping.append(tag)
            return
        if tag in _DROPPED:
            return
        written = "".join(_attribute(name, value) for name, value in attrs if _is_safe(name, value))
        self._emit(f"<{tag}{written}>", tag)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            if tag == self._dropping[-1]:
                self._dropping.pop()
            return
        if tag in _VOID or tag not in self._open:
            return
        while True:
            innermost = self._open.pop()
            self._emit(f"</{innermost}>", innermost)
            if innermost == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._emit(escape(data, quote=False).replace("\xa0", "&nbsp;"), "")

    def finish(self) -> None:
        """Close what the author left open."""
        self.close()
        while self._open:
            innermost = self._open.pop()
            self._emit(f"</{innermost}>", innermost)

    def _emit(self, text: str, tag: str) -> None:
        outermost = self._open[0] if self._open else tag
        self.parts.append(("block" if outermost in _BLOCKS else "inline", text))


def clean_html(text: str) -> str:
    """`text` without scripts and event handlers, its tags in one spelling, loose text wrapped in a div.

    Cleaning what is clean already changes nothing.
    """
    if not text.strip():
        return ""
    cleaner = _Cleaner()
    cleaner.feed(text)
    cleaner.finish()
    return _wrapped(cleaner.parts)


def _wrapped(parts: list[tuple[str, str]]) -> str:
    """The parts joined, each run of inline ones inside a separate div; space between blocks stays bare."""
    written: list[str] = []
    run: list[str] = []
    for kind, text in [*parts, ("block", "")]:
        if kind == "inline":
            run.append(text)
            continue
        loose = "".join(run)
        written.append(f"<div>{loose}</div>" if loose.strip() else loose)
        written.append(text)
        run = []
    return "".join(written).strip()


def _attribute(name: str, value: str | None) -> str:
    written = escape(value or "", quote=False).replace('"', "&quot;").replace("\xa0", "&nbsp;")
    return f' {name}="{written}"'


def _is_safe(name: str, value: str | None) -> bool:
    if name.startswith("on") or name in ("srcdoc", "formaction"):
        return False
    target = re.sub(r"[\x00-\x20]", "", value or "").casefold()
    if name == "style":
        return "expression(" not in target and "javascript:" not in target
    if name not in _URL_ATTRIBUTES:
        return True
    has_scheme = re.match(r"[a-z][a-z0-9+.-]*:", target) is not None
    return not has_scheme or target.startswith(_SAFE_SCHEMES)
