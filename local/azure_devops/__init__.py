"""A sandbox of Azure DevOps Services, in memory. As strict as the original is documented or observed to be."""

from local.azure_devops.application import create_app

__all__ = ["create_app"]
