"""What unit tests have in common."""

import gc

import pytest
from hypothesis import HealthCheck, settings

# How long a machine takes for an example says nothing about the product.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def no_garbage() -> None:
    """For a test that recurses deeply: connections of earlier tests that Python closes down there would fail to."""
    gc.collect()
