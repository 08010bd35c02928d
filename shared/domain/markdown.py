"""Descriptions in Markdown as HTML, because Aha! supports only HTML."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.html_text import text_as_html

MOST_CHARACTERS = 100_000
"""A longer text is not rendered: the slowest texts of this length take two seconds of processor time."""


@dataclass(frozen=True)
class Rendered:
    """A description as HTML. `is_source`: it could not be rendered, so the HTML shows the Markdown itself."""

    html: str
    is_source: bool = False


def render(markdown: str) -> Rendered:
    """The Markdown as HTML; HTML inside it stays as it is. Text that cannot be rendered is shown as it is written."""
    if len(markdown) > MOST_CHARACTERS:
        return Rendered(text_as_html(markdown), is_source=True)
    # Few descriptions are in Markdown, so a cold start does not load the renderer.
    from shared.domain.markdown_rules import to_html

    try:
        return Rendered(to_html(markdown))
    except Exception:
        # A defect of the renderer must not keep the other fields, and all later changes, out of Aha!.
        return Rendered(text_as_html(markdown), is_source=True)
