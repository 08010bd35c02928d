"""The configuration page's files as they are served, and what they are made of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from local.system import LocalSystem
from tests.e2e.system import Api
from tests.openapi import ROOT

STATIC = ROOT / "Console" / "static"
FILES = [
    pytest.param(path.name, marks=[pytest.mark.contract] if path.name == "app.js" else [])
    for path in sorted(STATIC.iterdir())
]
SCRIPTS = sorted(STATIC.glob("*.js"))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def visitor(system: LocalSystem) -> Api:
    """Somebody without a function key."""
    return Api(system.functions_url)


def assert_guarded(answer: requests.Response) -> None:
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.contract
def test_the_page_is_served_without_a_key(visitor: Api) -> None:
    answer = visitor.get("/console")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (STATIC / "index.html").read_bytes()
    assert_guarded(answer)
    known = {"If-None-Match": answer.headers["etag"]}
    assert visitor.get("/console", headers=known).status_code == 304


@pytest.mark.contract
def test_the_page_is_at_the_address_without_the_slash(visitor: Api) -> None:
    assert visitor.get("/console/", allow_redirects=False).status_code == 308
    assert visitor.get("/console/").url == f"{visitor.url}/console"


@pytest.mark.parametrize("name", FILES)
def test_each_file_comes_as_what_it_is_and_only_once(visitor: Api, name: str) -> None:
    answer = visitor.get(f"/console/{name}")

    assert answer.content == (STATIC / name).read_bytes()
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.headers["content-type"].split(";")[0] == types[name.rsplit(".", 1)[1]]
    assert_guarded(answer)
    tag = answer.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = visitor.get(f"/console/{name}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert visitor.get(f"/console/{name}", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.contract
@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "function.json",
        "__init__.py",
        "static",
        "APP.JS",
        "app.js ",
        "..%2f__init__.py",
        "%2e%2e%2fhost.json",
        "..%5c__init__.py",
        "static%2fapp.js",
        "app.js%00.html",
    ],
)
def test_nothing_else_is_served(visitor: Api, name: str) -> None:
    answer = visitor.get(f"/console/{name}")

    assert answer.status_code in (400, 404)
    assert b"scriptFile" not in answer.content
    assert b"import" not in answer.content


def test_the_page_holds_no_code_of_its_own_and_names_no_other_host() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")

    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|https?://", page) == []
    for reference in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert (STATIC / reference.removeprefix("console/")).is_file(), reference


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_short_write_text_only_and_import_what_is_there(path: Path) -> None:
    script = path.read_text(encoding="utf-8")

    assert len(script.splitlines()) <= 300
    ways_to_write_markup = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|srcdoc"
    )
    assert re.findall(ways_to_write_markup, script) == []
    imported = re.findall(r'^import .*?from "([^"]+)"', script, re.MULTILINE | re.DOTALL)
    assert all(name.startswith("./") and (path.parent / name).is_file() for name in imported)


def test_every_script_is_imported_and_fetched_at_once() -> None:
    imported = {
        name
        for path in SCRIPTS
        for name in re.findall(r'from "\./([\w.]+)"', path.read_text(encoding="utf-8"))
    }
    page = (STATIC / "index.html").read_text(encoding="utf-8")

    assert imported | {"app.js"} == {path.name for path in SCRIPTS}
    # Not one after another, as the imports are found.
    assert set(re.findall(r'rel="modulepreload" href="console/([\w.]+)"', page)) == imported
