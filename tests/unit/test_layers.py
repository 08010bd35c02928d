"""Who may import whom."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "shared"
FUNCTIONS = sorted(path.parent for path in ROOT.glob("*/function.json"))
DOMAIN_MAY_USE = ("shared.domain", "shared.errors", "shared.operation_outcome", "shared.secret", "mistune")


@functools.cache
def imports_of(path: Path) -> tuple[tuple[str, bool], ...]:
    """The modules that a file imports anywhere, and whether for the type checker only."""
    return tuple(_imports(ast.parse(path.read_text()), for_types=False))


def _imports(node: ast.AST, *, for_types: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, for_types) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports start from the app's root"
            module = child.module or ""
            yield from ((f"{module}.{alias.name}", for_types) for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from _imports(child, for_types=True)
        else:
            yield from _imports(child, for_types=for_types)


def importing(package: str, *, with_types: bool = True) -> set[str]:
    """The files of `shared` that import a package."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in SHARED.rglob("*.py")
        for name, for_types in imports_of(path)
        if is_within(name, package) and (with_types or not for_types)
    }


def is_within(module: str, package: str) -> bool:
    """Whether a module is a package or in it."""
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("path", sorted((SHARED / "domain").glob("*.py")), ids=lambda path: path.stem)
def test_the_rules_know_the_standard_library_the_renderer_and_each_other_alone(path: Path) -> None:
    foreign = {
        name
        for name, _ in imports_of(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(is_within(name, known) for known in DOMAIN_MAY_USE)
    }

    assert foreign == set()


def test_one_module_knows_the_renderer_of_markdown() -> None:
    assert importing("mistune") == {"shared/domain/markdown_rules.py"}


def test_one_module_knows_the_functions_platform() -> None:
    assert importing("azure.functions") == {"shared/edge.py"}


def test_one_module_speaks_http() -> None:
    # Table Storage's own library speaks by requests, too: the storage package gives it a session.
    speaking = importing("requests", with_types=False) | importing("urllib3", with_types=False)

    assert {path for path in speaking if not path.startswith("shared/storage/")} == {
        "shared/clients/transport.py",
        "shared/connections.py",
    }


def test_the_storage_package_alone_knows_table_storage() -> None:
    assert all(path.startswith("shared/storage/") for path in importing("azure.data"))
    assert importing("azure.data") != set()


def test_the_product_knows_neither_its_sandboxes_nor_its_tests() -> None:
    for package in ("operate", "local", "tests", "werkzeug", "pytest", "hypothesis"):
        assert importing(package) == set()


def test_the_operators_command_needs_what_the_app_needs_and_no_more() -> None:
    allowed = ("operate", "shared", "azure.identity")
    for path in (ROOT / "operate").glob("*.py"):
        foreign = {name for name, _ in imports_of(path) if name.split(".")[0] not in sys.stdlib_module_names}
        assert all(any(is_within(name, one) for one in allowed) for name in foreign), (path, foreign)


def test_clients_and_storage_do_not_know_the_use_cases() -> None:
    for layer in ("clients", "storage"):
        for path in (SHARED / layer).rglob("*.py"):
            for name, _ in imports_of(path):
                upward = (
                    "shared.sending",
                    "shared.receiving",
                    "shared.app",
                    "shared.edge",
                    "shared.api",
                )
                assert not any(is_within(name, package) for package in upward), (path, name)


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda path: path.name)
def test_a_function_folder_uses_the_platform_and_the_product_alone(folder: Path) -> None:
    for path in folder.glob("*.py"):
        for name, _ in imports_of(path):
            assert (
                is_within(name, "azure.functions")
                or is_within(name, "shared")
                or name == "__future__.annotations"
            )


def test_there_are_functions_to_look_at() -> None:
    assert {folder.name for folder in FUNCTIONS} >= {
        "SendFeature",
        "ReceiveWebhook",
        "TestConnection",
        "Integrations",
        "IntegrationLog",
    }


@pytest.mark.parametrize(
    "module",
    [
        "batch_answer",
        "batch_attempts",
        "batch_protocol",
        "batch_requests",
        "outcome",
        "result",
        "work_item_write",
    ],
)
def test_the_rules_of_a_send_have_no_clock_no_thread_and_no_store(module: str) -> None:
    effects = (
        "threading",
        "concurrent",
        "time",
        "datetime",
        "random",
        "shared.storage",
        "shared.app",
        "shared.clock",
    )
    imported = {name for name, _ in imports_of(SHARED / "sending" / f"{module}.py")}

    assert {name for name in imported if any(is_within(name, effect) for effect in effects)} == set()


def test_two_modules_of_a_send_have_threads_beside_the_helper_for_parallel_calls() -> None:
    threaded = {path.removeprefix("shared/sending/") for path in importing("concurrent.futures")}

    assert {path for path in threaded if "/" not in path} == {"batch_writer.py", "link_backs.py"}


def test_one_module_starts_threads() -> None:
    # It hands the invocation's mark and the context variables to each of them.
    assert importing("concurrent.futures.ThreadPoolExecutor") == {"shared/concurrency.py"}
    assert importing("threading.Thread") | importing("threading.Timer") == set()
    assert not any("threading.Thread(" in path.read_text() for path in SHARED.rglob("*.py"))
