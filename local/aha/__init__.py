"""A sandbox Aha!: the part of its REST API that an integration uses, in memory, as strict as the real Aha!.

Facts come from Aha!'s API documentation (https://www.aha.io/api) and its published integration code
(https://github.com/aha-app/aha-services). If neither has a fact, the code says "unconfirmed".
"""

from local.aha.application import create_app

__all__ = ["create_app"]
