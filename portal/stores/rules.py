"""How stores identify their customers. See docs/rules/stores.md."""

from __future__ import annotations

from portal.lib.errors import PortalError

BUILT_IN_STORE_ID = 1
# A store of any making can call the API; adapters read what a platform sends by itself.
API_PLATFORM = "api"


class StoreUnknown(PortalError):
    code = "store_unknown"


def customer_key_of_user(user_id: int) -> str:
    """Return the key of an account as a customer of the built-in shop."""
    return f"user:{user_id}"
