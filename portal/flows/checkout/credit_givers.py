"""Which admins gave the credit that a purchase is paid with. See docs/rules/second_admin.md."""

from __future__ import annotations

from portal.db import query

_GAVE = """
SELECT EXISTS (
    SELECT 1 FROM event_log
    WHERE entity = 'credit' AND entity_id = %(account)s AND event = 'credit_added'
      AND (actor_user_id = %(admin)s OR data -> 'confirmedBy' = to_jsonb(%(admin)s::bigint)))
"""


def has_given_credit(admin_id: int, account_id: int | None) -> bool:
    """Return whether a person has ever added credit to an account, or confirmed that another admin did."""
    if account_id is None:
        return False
    return bool(query(_GAVE, {"admin": admin_id, "account": str(account_id)})[0][0])
