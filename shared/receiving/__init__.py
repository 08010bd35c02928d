"""Syncing changes from Azure DevOps to Aha!."""
