"""The clean-up of HTML that happens to a description when it is saved.

Aha!'s rules are not published, but stored text is known to differ from sent text. The elements
and attributes that appear in descriptions are those of aha-app/aha-services and aha-app/html2confluence.
Cleaning is deterministic, and cleaning cleaned text changes nothing.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_RENAMED = {"strong": "b", "em": "i", "s": "strike", "ins": "u"}
_VOID = {"br", "img", "hr", "input"}
_INLINE = {"b", "i", "u", "strike", "del", "a", "span", "code", "sub", "sup", *_VOID} - {"hr"}
_LIST_PARTS = {"ul", "ol", "li"}
_TABLE_PARTS = {"table", "thead", "tbody", "tfoot", "tr", "td", "th"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {"p", "div", "blockquote", "pre", "hr", *_LIST_PARTS, *_TABLE_PARTS, *_HEADINGS}
_DROPPED = {
    "script",
    "style",
    "iframe",
    "object",
    "head",
    "title",
    "template",
    "noscript",
    "svg",
    "textarea",
    "select",
}
_CLOSED_BY_SAME = {"p", "li", "tr", "td", "th"}
_KEPT_EMPTY = {"td", "th", *_VOID}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height", "class"},
    "input": {"type", "checked"},
    "ol": {"start", "class"},
    "td": {"style", "colspan", "rowspan"},
    "th": {"style", "colspan", "rowspan"},
    "span": {"style", "class"},
    **{tag: {"class"} for tag in ("ul", "li", "pre", "code", "table", "div")},
}
_DEEPEST = 100
_MOST_PASSES = 20


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Element | str] = field(default_factory=list)


class _TreeBuilder(HTMLParser):
    """Builds a tree of what is kept. The content of an unknown element moves to its parent."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("")
        self._open = [self.root]
        self._dropping: list[str] = []

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """`<![…` is a comment, as in a browser. The library raises an AssertionError for what it does not know."""
        return self.parse_bogus_comment(i, bool(report))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = _RENAMED.get(tag, tag)
        if self._dropping or tag in _DROPPED:
            if tag in _DROPPED:
                self._dropping.append(tag)
            return
        if tag not in _BLOCKS and tag not in _INLINE:
            return
        if tag in _BLOCKS:
            self._close("p")
        if tag in _CLOSED_BY_SAME and self._open[-1].tag == tag:
            self._open.pop()
        element = _Element(tag, _kept_attributes(tag, attrs))
        if tag not in _VOID and len(self._open) > _DEEPEST:
            return
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        tag = _RENAMED.get(tag, tag)
        if self._dropping:
            if self._dropping[-1] == tag:
                self._dropping.pop()
        else:
            self._close(tag)

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._open[-1].children.append(data)

    def _close(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return


def _kept_attributes(tag: str, attributes: list[tuple[str, str | None]]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in attributes:
        text = value or ""
        allowed = name in _ATTRIBUTES.get(tag, ()) or re.fullmatch(r"data-(?!mce-)[a-z0-9-]+", name)
        if not allowed or name in kept:
            continue
        if name in ("href", "src") and re.match(r"\s*(javascript|vbscript)\s*:", text, re.IGNORECASE):
            continue
        if name == "style":
            text = _style(text)
        if text or name in ("alt", "checked"):
            kept[name] = text
    if tag == "a" and "href" in kept:
        kept |= {"rel": "noopener noreferrer", "target": "_blank"}
    return kept


def _style(text: str) -> str:
    declarations = [part.partition(":") for part in text.split(";")]
    kept = [
        f"{name.strip().lower()}: {value.strip()};"
        for name, _, value in declarations
        if name.strip() and value.strip() and "(" not in value.replace("rgb(", "").replace("rgba(", "")
    ]
    return " ".join(kept)


def _is_block(node: _Element | str) -> bool:
    return isinstance(node, _Element) and node.tag in _BLOCKS


def _is_blank(node: _Element | str) -> bool:
    return isinstance(node, str) and not node.strip(" \t\r\n\f")


def _tidy(element: _Element, *, preformatted: bool = False) -> list[_Element | str]:
    """What replaces an element after it and its content were cleaned."""
    preformatted = preformatted or element.tag == "pre"
    children: list[_Element | str] = []
    for child in element.children:
        if isinstance(child, str):
            children.append(child if preformatted else re.sub(r"[ \t\r\n\f]+", " ", child))
        else:
            wrapped = child.tag == "table" and element.attributes.get("class") == "table-wrapper"
            for tidied in _tidy(child, preformatted=preformatted):
                is_bare_table = isinstance(tidied, _Element) and tidied.tag == "table" and not wrapped
                children.append(
                    _Element("div", {"class": "table-wrapper"}, [tidied]) if is_bare_table else tidied
                )
    if not preformatted:
        children = _without_idle_space(children, inside_block=not element.tag or element.tag in _BLOCKS)
    return _in_place_of(element, children)


def _without_idle_space(children: list[_Element | str], *, inside_block: bool) -> list[_Element | str]:
    """Drops white space next to blocks and at the edges of a block, and a break at its end."""
    kept: list[_Element | str] = []
    for index, child in enumerate(children):
        beside_block = (index > 0 and _is_block(children[index - 1])) or (
            index + 1 < len(children) and _is_block(children[index + 1])
        )
        if _is_blank(child) and beside_block:
            continue
        kept.append(child)
    if inside_block:
        if kept and isinstance(kept[0], str):
            kept[0] = kept[0].lstrip(" ")
        if kept and isinstance(kept[-1], str):
            kept[-1] = kept[-1].rstrip(" ")
        if kept and isinstance(kept[-1], _Element) and kept[-1].tag == "br":
            kept.pop()
    return [child for child in kept if child != ""]


def _in_place_of(element: _Element, children: list[_Element | str]) -> list[_Element | str]:
    if not children and element.tag not in _KEPT_EMPTY:
        return []
    if element.tag == "div" and element.attributes.get("class") != "table-wrapper":
        return _paragraphs(children)
    if element.tag == "span" and not element.attributes:
        return children
    attributes = dict(element.attributes)
    if element.tag == "table":
        attributes["class"] = "mce-item-table"
    return [_Element(element.tag, attributes, children)] if element.tag else children


def _paragraphs(children: list[_Element | str]) -> list[_Element | str]:
    """Blocks as they are, and each run of text between them as a paragraph."""
    result: list[_Element | str] = []
    run: list[_Element | str] = []
    for child in [*children, None]:
        if child is not None and not _is_block(child):
            run.append(child)
            continue
        if run:
            result.append(_Element("p", {}, run))
            run = []
        if child is not None:
            result.append(child)
    return result


def _write(nodes: list[_Element | str]) -> str:
    return "".join(_text(node) if isinstance(node, str) else _markup(node) for node in nodes)


def _text(text: str) -> str:
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")


def _markup(element: _Element) -> str:
    attributes = "".join(
        f' {name}="{html.escape(value)}"' if value or name != "checked" else " checked"
        for name, value in element.attributes.items()
    )
    if element.tag in _VOID:
        return f"<{element.tag}{attributes}>"
    return f"<{element.tag}{attributes}>{_write(element.children)}</{element.tag}>"


def _clean_once(text: str) -> str:
    builder = _TreeBuilder()
    builder.feed(text)
    builder.close()
    return _write(_tidy(builder.root))


def clean_html(text: str) -> str:
    """The description as it is stored: only allowed content, in Aha!'s own elements."""
    for _ in range(_MOST_PASSES):
        cleaned = _clean_once(text)
        if cleaned == text:
            break
        text = cleaned
    return text
