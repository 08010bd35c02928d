"""Features by their reference: send one from Aha!, read its sync state, link and unlink it."""
