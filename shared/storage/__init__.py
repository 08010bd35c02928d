"""What is kept in Azure Table Storage: integrations, links and the integration log."""
