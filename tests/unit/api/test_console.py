"""The files of the configuration page."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.api.console import ConsoleFiles


@pytest.fixture
def files(tmp_path: Path) -> ConsoleFiles:
    folder = tmp_path / "static"
    (folder / "folder.js").mkdir(parents=True)
    (folder / "index.html").write_bytes(b"<p>Page</p>")
    (folder / "page.js").write_bytes(b"run()")
    (folder / "page.css").write_bytes(b"p{}")
    (folder / "icon.svg").write_bytes(b"<svg/>")
    (folder / "notes.txt").write_bytes(b"private")
    (tmp_path / "secret.js").write_bytes(b"secret")
    return ConsoleFiles(folder)


@pytest.mark.parametrize(
    ("name", "content_type", "content"),
    [
        ("", "text/html", b"<p>Page</p>"),
        ("page.js", "text/javascript", b"run()"),
        ("page.css", "text/css", b"p{}"),
        ("icon.svg", "image/svg+xml", b"<svg/>"),
    ],
)
def test_a_file_is_sent_with_its_type(
    files: ConsoleFiles, name: str, content_type: str, content: bytes
) -> None:
    status, headers, body = files.answer(name, f"/api/console/{name}".rstrip("/"), None)

    assert (status, headers["Content-Type"], body) == (200, content_type, content)
    assert {key: value for key, value in headers.items() if key not in ("Content-Type", "ETag")} == {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }


@pytest.mark.parametrize(
    "name",
    ["missing.js", "notes.txt", "folder.js", "../secret.js", "..\\secret.js", "/secret.js", "INDEX.HTML"],
)
def test_only_names_of_files_of_the_page_are_answered(files: ConsoleFiles, name: str) -> None:
    status, headers, body = files.answer(name, f"/api/console/{name}", None)

    assert (status, body) == (404, b"")
    assert "Content-Security-Policy" in headers
    assert "ETag" not in headers


def test_the_names_are_those_that_are_answered(files: ConsoleFiles) -> None:
    assert files.names == {"index.html", "page.js", "page.css", "icon.svg"}


def test_the_page_behind_a_slash_is_elsewhere_because_its_files_are_relative_to_it(
    files: ConsoleFiles,
) -> None:
    status, headers, _ = files.answer("", "/api/console/", None)

    assert (status, headers["Location"]) == (308, "../console")


@pytest.mark.parametrize("sent", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_a_browser_that_has_the_file_gets_no_content(files: ConsoleFiles, sent: str) -> None:
    tag = files.answer("page.js", "/api/console/page.js", None)[1]["ETag"]

    status, headers, body = files.answer("page.js", "/api/console/page.js", sent.format(tag=tag))

    assert (status, headers["ETag"], body) == (304, tag, b"")


@pytest.mark.parametrize("sent", [None, "", '"other"', 'W/"other"'])
def test_a_browser_with_another_version_gets_the_file(files: ConsoleFiles, sent: str | None) -> None:
    assert files.answer("page.js", "/api/console/page.js", sent)[0] == 200
