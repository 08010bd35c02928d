"""Azure DevOps' Markdown: CommonMark, and what the service adds to it.

Tables, task lists, bare URLs, strikethrough, images with sizes and mentions:
https://learn.microsoft.com/azure/devops/project/wiki/markdown-guidance. Task lists become what Aha!'s editor makes of
a checklist; its boxes are characters, which also survive the way back to Azure DevOps.
"""

from __future__ import annotations

import re
from re import Match
from typing import Any

from mistune import BlockParser, BlockState, HTMLRenderer, InlineParser, InlineState, Markdown
from mistune.helpers import unescape_char
from mistune.plugins.formatting import strikethrough
from mistune.plugins.url import url as bare_urls
from mistune.util import escape_url

from shared.domain.html_tokens import with_whole_markup

Token = dict[str, Any]

_SIZED_IMAGE = (
    r"!\[(?P<sized_alt>(?:[^\[\]\\]|\\.)*)\]"
    r"\([ \t]*(?P<sized_url><[^<>\n]*>|(?:[^\s()<>\\]|\\.|\([^\s()]*\))+)"
    r'(?:[ \t]+"(?P<sized_title>[^"\n]*)")?'
    r"[ \t]+=(?P<sized_width>\d{0,5})x(?P<sized_height>\d{0,5})[ \t]*\)"
)
_MENTION = r"@<[0-9A-Fa-f-]{36}>"
_TASK = re.compile(r"\[(?P<mark>[ xX])\]\s+")
_TABLE = (
    r"^ {0,3}(?P<table_header>[^\s|][^\n|]*\|[^\n]*|\|[^\n]*)\n"
    r" {0,3}(?P<table_dashes>\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?)[ \t]*(?:\n|$)"
)
_CELL_END = re.compile(r"(?<!\\)\|")
_RUNS = ("javascript:", "vbscript:", "data:")


class _Renderer(HTMLRenderer):
    """HTML as Aha!'s editor writes it."""

    def __init__(self) -> None:
        super().__init__(escape=False)

    def block_html(self, html: str) -> str:
        """HTML in the Markdown, which must not swallow what follows it."""
        return super().block_html(with_whole_markup(html))

    def inline_html(self, html: str) -> str:
        """HTML within a paragraph."""
        return super().inline_html(with_whole_markup(html))

    def sanitize_url(self, url: str) -> str:
        """Drop only what could run: engineers also link to file shares and to programs of their own."""
        allowed = super().sanitize_url(url)
        return allowed if url.strip().lower().startswith(_RUNS) else url

    def image(self, text: str, url: str, title: str | None = None, width: str = "", height: str = "") -> str:
        """An image, with the size that Azure DevOps writes behind its address."""
        sizes = "".join(
            f' {name}="{value}"' for name, value in (("width", width), ("height", height)) if value
        )
        return super().image(text, url, title).removesuffix(" />") + f"{sizes}>"

    def list(self, text: str, ordered: bool, *, has_tasks: bool = False, **attrs: Any) -> str:
        """A list; with tasks, a checklist."""
        html = super().list(text, ordered, **attrs)
        return html.replace("<ul>", '<ul class="checklist">', 1) if has_tasks else html

    def task_list_item(self, text: str, checked: bool) -> str:
        """An item of a checklist."""
        name, box = ("checked", "☑") if checked else ("unchecked", "☐")
        indicator = f'<span class="checklist-item__indicator">{box}</span> '
        opening = "<p>" if text.startswith("<p>") else ""
        return f'<li class="checklist-item--{name}">{opening}{indicator}{text.removeprefix(opening)}</li>\n'

    def table(self, text: str) -> str:
        """A table."""
        return f"<table>\n{text}</table>\n"

    def table_row(self, text: str) -> str:
        """A row of a table."""
        return f"<tr>{text}</tr>\n"

    def table_cell(self, text: str, is_head: bool, align: str) -> str:
        """A cell of a table."""
        name = "th" if is_head else "td"
        style = f' style="text-align: {align};"' if align else ""
        return f"<{name}{style}>{text}</{name}>"


def to_html(source: str) -> str:
    """Render Markdown. Time and memory grow with the length of the text."""
    markdown = Markdown(_Renderer(), plugins=[strikethrough, bare_urls, _azure_devops])
    return str(markdown(source)).strip("\n")


def _azure_devops(md: Markdown) -> None:
    md.inline.register("mention", _MENTION, _parse_mention, before="link", start_chars="@")
    md.inline.register("sized_image", _SIZED_IMAGE, _parse_sized_image, before="link", start_chars="!")
    md.block.register("table", _TABLE, _parse_table, before="ref_link")
    for rules in (md.block.block_quote_rules, md.block.list_rules):
        md.block.insert_rule(rules, "table", before="ref_link")
    md.before_render_hooks.append(_mark_tasks)


def _parse_mention(inline: InlineParser, found: Match[str], state: InlineState) -> int:
    """A person's id in angle brackets is not HTML."""
    inline.process_text(found.group(), state, parse_emphasis=False)
    return found.end()


def _parse_sized_image(inline: InlineParser, found: Match[str], state: InlineState) -> int | None:
    width, height = found["sized_width"], found["sized_height"]
    if not width and not height:
        return None
    address = found["sized_url"].removeprefix("<").removesuffix(">")
    attributes = {"url": escape_url(unescape_char(address)), "width": width, "height": height}
    if found["sized_title"]:
        attributes["title"] = found["sized_title"]
    alternative: Token = {"type": "text", "raw": unescape_char(found["sized_alt"])}
    state.append_token({"type": "image", "children": [alternative], "attrs": attributes})
    return found.end()


def _parse_table(block: BlockParser, found: Match[str], state: BlockState) -> int | None:
    """A table; a row with too few cells stays short, cells beyond the header are dropped (GitHub's rules)."""
    dashes = [cell.strip() for cell in _cells(found["table_dashes"])]
    header = _cells(found["table_header"])
    if len(header) != len(dashes):
        return None
    aligns = [_alignment(cell) for cell in dashes]
    rows = [_row(header, aligns, is_head=True)]
    position = found.end()
    while position < state.cursor_max:
        line = state.get_line(position)
        if "|" not in line:
            break
        rows.append(_row(_cells(line), aligns, is_head=False))
        position += len(line)
    state.append_token({"type": "table", "children": rows})
    return position


def _cells(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    cells = _CELL_END.split(line)
    if len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [cell.strip().replace("\\|", "|") for cell in cells]


def _alignment(dashes: str) -> str:
    left, right = dashes.startswith(":"), dashes.endswith(":")
    if left and right:
        return "center"
    return "left" if left else "right" if right else ""


def _row(cells: list[str], aligns: list[str], *, is_head: bool) -> Token:
    children = [
        {"type": "table_cell", "text": cell, "attrs": {"is_head": is_head, "align": align}}
        for cell, align in zip(cells, aligns, strict=False)
    ]
    return {"type": "table_row", "children": children}


def _mark_tasks(markdown: Markdown, state: BlockState) -> None:
    """Make tasks of the list items that begin with a box in brackets."""
    remaining = list(state.tokens)
    while remaining:
        token = remaining.pop()
        children = token.get("children", ())
        remaining.extend(children)
        if token["type"] == "list":
            tasks = [_make_task(item) for item in children]
            if any(tasks):
                token["attrs"]["has_tasks"] = True


def _make_task(item: Token) -> bool:
    first = next(iter(item.get("children", ())), None)
    if first is None or first["type"] not in ("paragraph", "block_text"):
        return False
    found = _TASK.match(first.get("text", ""))
    if found is None:
        return False
    first["text"] = first["text"][found.end() :]
    item["type"], item["attrs"] = "task_list_item", {"checked": found["mark"] != " "}
    return True
