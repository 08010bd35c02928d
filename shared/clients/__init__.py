"""Azure DevOps and Aha! as they are spoken to over HTTP."""
