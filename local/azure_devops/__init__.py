"""A sandbox of Azure DevOps Services: in memory, as strict as the original as far as that is documented or seen."""

from local.azure_devops.application import create_app

__all__ = ["create_app"]
