"""Sending a feature with its requirements and attachments to Azure DevOps."""
