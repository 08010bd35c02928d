"""What unit tests have in common."""

import gc

import pytest


@pytest.fixture
def no_garbage() -> None:
    """For a test that recurses deeply: connections of earlier tests that Python closes down there would fail to."""
    gc.collect()
