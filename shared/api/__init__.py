"""The use cases of the HTTP API, one module each."""
