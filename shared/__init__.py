"""The Aha! and Azure DevOps integration itself: everything but the HTTP edge of each function."""
