"""The rules, which talk to nobody."""
