"""Run the product on one machine: sandboxes of both outside systems, a function host and storage.

Nothing in here is deployed.
"""
