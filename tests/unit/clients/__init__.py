"""The clients, up to the wire."""
