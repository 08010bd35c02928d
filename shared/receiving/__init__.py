"""Bringing changes made in Azure DevOps back to Aha!."""
