"""The parts of a send that decide and tell."""
