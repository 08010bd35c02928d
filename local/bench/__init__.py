"""`python dev.py bench`: what a send, a webhook and a cold start cost, beside the naive way and the floor."""
