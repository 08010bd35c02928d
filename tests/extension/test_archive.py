"""What is in the archive that an administrator installs."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from local.development.environment import only_one_installer
from local.extension.archive import ArchiveError, ExtensionArchive, make_reproducible, read_archive
from local.extension.build import SOURCES, BuildFolder, read_package

BROWSER_SCRIPTS = ("workItems", "sendToAzureDevOps")


def test_the_manifest_is_what_aha_takes(archive: ExtensionArchive) -> None:
    assert re.fullmatch(r"[a-z0-9-]+\.[a-z0-9-]+", archive.identifier)
    assert archive.name == "Azure DevOps"
    assert archive.configuration == read_package()["ahaExtension"]


def test_features_and_requirements_have_the_view_and_the_record_action(archive: ExtensionArchive) -> None:
    contributes = archive.configuration["contributes"]
    view = contributes["views"]["workItems"]
    assert (view["host"], view["recordTypes"]) == ("attribute", ["Feature", "Requirement"])
    command = contributes["commands"]["sendToAzureDevOps"]
    assert (command["title"], command["commandType"]) == ("Send to Azure DevOps", "recordAction")


def test_only_the_function_key_is_secret_and_an_administrator_sets_everything(
    archive: ExtensionArchive,
) -> None:
    settings = archive.configuration["contributes"]["settings"]
    kinds = {name: setting["type"] for name, setting in settings.items()}
    assert kinds == {"functionAppUrl": "string", "functionKey": "secret", "integrations": "string"}
    assert {tuple(setting["scope"]) for setting in settings.values()} == {("account",)}


def test_the_event_is_named_after_the_extension(archive: ExtensionArchive) -> None:
    events = archive.configuration["contributes"]["events"]
    assert events["callFunctionApp"]["handles"] == [f"{archive.identifier}.callFunctionApp"]


@pytest.mark.parametrize("name", BROWSER_SCRIPTS)
def test_the_browser_gets_neither_the_key_nor_a_request_to_another_host(
    archive: ExtensionArchive, name: str
) -> None:
    script = archive.scripts[name]
    assert not re.search(r"functionKey|x-functions-key|\bfetch\b|XMLHttpRequest|sendBeacon|WebSocket", script)
    assert not any("server/" in source for source in archive.source_maps[name]["sources"])
    assert archive.configuration.get("cspSources", []) == []


def test_one_module_has_the_key_and_calls_fetch() -> None:
    sources = [path for path in (SOURCES / "src").rglob("*.ts*") if not path.name.endswith(".d.ts")]
    having = {path.name for path in sources if re.search(r"functionKey|\bfetch\(", path.read_text("utf-8"))}
    assert having == {"functionApp.ts"}


def test_the_scripts_hold_the_extension_s_own_code_alone(archive: ExtensionArchive) -> None:
    sources = {source for one in archive.source_maps.values() for source in one["sources"]}
    assert {source for source in sources if not source.startswith("src/")} == {"global-externals:react"}
    assert 'aha.import("react")' in archive.scripts["workItems"]


def test_the_text_of_no_machine_is_in_the_archive(archive_path: Path, build_folder: BuildFolder) -> None:
    form = gzip.decompress(archive_path.read_bytes()).decode()
    assert str(build_folder.folder.parents[1]) not in form
    assert str(Path.home()) not in form


def test_equal_sources_give_equal_bytes(build_folder: BuildFolder, archive_path: Path) -> None:
    with only_one_installer():
        before = archive_path.read_bytes()
        archive_path.unlink()
        assert build_folder.build().read_bytes() == before


def test_the_order_of_scripts_and_the_random_separator_make_no_difference(
    tmp_path: Path, archive_path: Path
) -> None:
    form = gzip.decompress(archive_path.read_bytes())
    separator = form.partition(b"\r\n")[0]
    parts = form.removesuffix(separator + b"--\r\n").split(separator + b"\r\n")[1:]
    first, second, others = parts[:3], parts[3:6], parts[6:]
    shuffled = b"".join(b"--other\r\n" + part for part in [*second, *first, *others]) + b"--other--\r\n"
    path = tmp_path / "shuffled.gz"
    path.write_bytes(gzip.compress(shuffled))
    make_reproducible(path)
    assert path.read_bytes() == archive_path.read_bytes()


@pytest.mark.parametrize("form", [None, b"", b"plain text", b"--a\r\n\r\nno name\r\n--a--\r\n"])
def test_another_file_is_refused(tmp_path: Path, form: bytes | None) -> None:
    path = tmp_path / "other.gz"
    path.write_bytes(b"not compressed" if form is None else gzip.compress(form))
    with pytest.raises(ArchiveError):
        read_archive(path)


def test_the_lock_file_names_no_registry() -> None:
    lock = (SOURCES / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert "registry" not in lock
