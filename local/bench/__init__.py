"""`python dev.py bench`: what sends, notifications and cold starts cost, compared with the naive way and the floor."""
