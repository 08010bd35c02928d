"""Defects that are put into a copy of the product on purpose, to see that the tests notice."""
