"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no failure: an example may take as long as it takes.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
