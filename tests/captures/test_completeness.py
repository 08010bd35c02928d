"""Every capture is read by the tests of the clients or rules, and compared with what a sandbox sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.captures import FOLDER, all_names, answer, incoming

TESTS = Path(__file__).parents[1]
LONGEST = 80
"""Lines of a file: a reader looks at it whole."""

# With the reason.
NOT_SENT_BY_A_SANDBOX = {
    "azure_devops/batch_entry_body_as_object": "one sample of the documentation prints it; no service was seen to",
    "azure_devops/throttled_TF400733": "tests let it happen by a fault on demand, with an answer of their own",
    "azure_devops/service_unavailable": "tests let it happen by a fault on demand, with an answer of their own",
    "azure_devops/proxy_timeout_524": "a proxy in between sends it; a fault on demand stands for it",
    "azure_devops/passing_failure_TF401349": "a fault on demand stands for it; when it happens is not known",
    "aha/error_503": "tests let it happen by a fault on demand, with an answer of their own",
}


def sources(folder: str) -> str:
    """The text of all tests in a folder."""
    files = sorted((TESTS / folder).rglob("test_*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


READERS, SANDBOXES = sources("unit") + sources("e2e"), sources("sandbox")


@pytest.mark.parametrize("name", all_names())
def test_a_capture_is_read_and_compared_with_a_sandbox(name: str) -> None:
    assert f'"{name}"' in READERS
    assert (f'"{name}"' in SANDBOXES) != (name in NOT_SENT_BY_A_SANDBOX)


@pytest.mark.parametrize("name", all_names())
def test_a_capture_is_small_and_can_be_read(name: str) -> None:
    path = next(FOLDER.glob(f"{name}.*"))
    text = path.read_text(encoding="utf-8")

    assert text.count("\n") < LONGEST
    if path.suffix == ".http":
        assert 200 <= answer(name).status < 600
    else:
        assert incoming(name)


def test_no_reason_outlives_its_capture() -> None:
    assert set(NOT_SENT_BY_A_SANDBOX) <= set(all_names())
