"""The use cases of the HTTP API, without HTTP."""
