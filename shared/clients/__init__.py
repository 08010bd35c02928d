"""The clients of Azure DevOps and Aha!, and downloads of files."""
