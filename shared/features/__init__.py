"""Features by their reference: send one from Aha!, see how it stands, link and unlink it."""
