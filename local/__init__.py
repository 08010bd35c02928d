"""What runs the product on one machine: sandboxes of both outside systems, a function host, storage.

Nothing in here is deployed.
"""
