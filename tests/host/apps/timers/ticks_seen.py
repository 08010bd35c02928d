"""Shared by both functions: one module, one list."""

ticks: list[str] = []
