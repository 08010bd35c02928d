"""The Aha! and Azure DevOps integration: everything except the HTTP edge of each function."""
