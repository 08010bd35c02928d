"""The mutations of `python dev.py mutations` fit the product as it is."""

from __future__ import annotations

import pytest

from tests.mutations.catalogue import MUTATIONS, ROOT, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_can_be_applied_and_names_tests_that_exist(mutation: Mutation) -> None:
    assert mutation.fault() is None
    assert mutation.defect != mutation.original
    assert all((ROOT / path).exists() for path in mutation.tests)
