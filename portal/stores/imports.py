"""Customers from before a store was connected: none of them makes a first purchase later. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Collection

from models import Customer


def mark_bought_before(store_id: int, keys: Collection[str]) -> int:
    """Mark customers as earlier buyers, creating those that are new; return how many were not marked before."""
    if not keys:
        return 0
    rows = [{"store": store_id, "key": key, "bought_before": True} for key in sorted(set(keys))]
    marked = (
        Customer.insert_many(rows)
        .on_conflict(
            conflict_target=[Customer.store, Customer.key],
            update={Customer.bought_before: True},
            where=~Customer.bought_before,
        )
        .returning(Customer.id)
        .execute()
    )
    return len(list(marked))
