"""The version of the app, as openapi.yaml and the User-Agent of its requests name it."""

VERSION = "1.1"
