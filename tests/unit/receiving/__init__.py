"""Receiving, with Azure DevOps as a scripted server."""
