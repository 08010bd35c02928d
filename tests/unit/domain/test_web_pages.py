"""A sign-in page is no plan.pdf."""

from __future__ import annotations

import pytest

from shared.domain.web_pages import is_page_instead_of_file
from tests.unit.examples import an_attachment

PAGE = b"<!DOCTYPE html><html><body><form>Sign in</form></body></html>"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


@pytest.mark.parametrize(
    "head",
    [
        PAGE,
        b"\xef\xbb\xbf\r\n\t<html lang=en>",
        b"<!-- saved -->\n<HTML>",
        b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
        "\ufeff<!doctype html>".encode("utf-16-le"),
        b"<head><title>Log in</title>",
    ],
)
@pytest.mark.parametrize("name", ["plan.pdf", "plan", "colours.png", "notes.txt"])
def test_what_begins_like_a_page_is_no_other_file(head: bytes, name: str) -> None:
    for content_type in ("text/html", "application/pdf", ""):
        attachment = an_attachment(file_name=name, content_type="application/pdf", size=None)
        assert is_page_instead_of_file(attachment, head, content_type, len(head))


def test_what_the_server_calls_a_page_is_no_other_file() -> None:
    attachment = an_attachment(file_name="plan.pdf", content_type="application/pdf")

    assert is_page_instead_of_file(attachment, b"<div>Sign in</div>", "Text/HTML; charset=utf-8", 18)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("page.html", ""), ("PAGE.HTM", "application/octet-stream"), ("x", "text/html")],
)
def test_a_page_that_the_record_announces_goes_through(name: str, content_type: str) -> None:
    attachment = an_attachment(file_name=name, content_type=content_type)

    assert not is_page_instead_of_file(attachment, PAGE, "text/html", len(PAGE))


@pytest.mark.parametrize("size", [{"size": len(PAGE)}, {"original_size": len(PAGE)}])
def test_a_text_that_begins_like_a_page_and_has_the_records_size_goes_through(size: dict[str, int]) -> None:
    attachment = an_attachment(file_name="template.txt", content_type="text/plain", **size)

    assert not is_page_instead_of_file(attachment, PAGE, "text/plain", len(PAGE))


@pytest.mark.parametrize(
    ("head", "content_type"),
    [(PDF, "application/pdf"), (PDF, "text/html"), (b"\x89PNG\r\n\x1a\n\0\0", "text/html"), (b"", "image/png"),
     (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), (b"<htmlx>", "text/plain")],
)  # fmt: skip
def test_other_files_go_through(head: bytes, content_type: str) -> None:
    assert not is_page_instead_of_file(an_attachment(size=None), head, content_type, len(head))
