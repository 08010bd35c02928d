"""The extension's own unit tests, which Node runs: words, states, the mailbox and the repetition of sends."""

from __future__ import annotations

from local.development.environment import only_one_installer
from local.extension.build import BuildFolder


def test_the_pure_functions_do_what_their_tests_say(build_folder: BuildFolder) -> None:
    with only_one_installer():
        assert build_folder.run_unit_tests()
