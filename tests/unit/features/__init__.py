"""Calls by a feature's reference."""
