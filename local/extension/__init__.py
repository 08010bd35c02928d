"""Build the Aha! extension, read its archive, and run its server handlers as Aha! would."""
