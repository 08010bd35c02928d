"""A sandbox Aha!: the part of its REST API that an integration uses, in memory, as strict as the original.

Facts come from Aha!'s API documentation (https://www.aha.io/api) and its published integration code
(https://github.com/aha-app/aha-services). Where neither says, the code says "unconfirmed".
"""

from local.aha.application import create_app

__all__ = ["create_app"]
