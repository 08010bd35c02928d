"""`python dev.py bench`: the cost of sends, notifications and cold starts, compared with a naive way and the floor."""
