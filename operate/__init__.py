"""The operator's command: `python -m operate COMMAND`, run from a clone. See docs/operate.md.

It signs in to Table Storage with the operator's identity and uses the app's stores, rules and clients. It is not
deployed and has no HTTP interface.
"""
