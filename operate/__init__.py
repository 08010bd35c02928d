"""The operator's command: `python -m operate COMMAND`, run from a clone. See docs/operate.md.

It talks to Table Storage with the operator's own identity and uses the app's own stores, rules and clients. It is not
deployed and has no HTTP surface.
"""
