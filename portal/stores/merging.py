"""Merge two snapshots of an order; the result does not depend on their order. See docs/rules/stores.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.stores.customers import is_known_customer
from portal.stores.snapshots import OrderSnapshot

_CUSTOMER_KEYS = "customerKeys"
# None at all is not the same as no word of them: see merge.
_REFUNDS, _ALONE = "refunds", "refundsAlone"


@dataclass(frozen=True)
class KnownSnapshot:
    """A snapshot without the buyer's e-mail address, with the keys by which the buyer is known.

    `alone` are the ids of refunds that were reported by themselves.
    """

    snapshot: OrderSnapshot
    customer_keys: tuple[str, ...]
    alone: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the form that is stored."""
        content = self.snapshot.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if _REFUNDS in self.snapshot.model_fields_set:
            content.setdefault(_REFUNDS, [])
        if self.alone:
            content[_ALONE] = list(self.alone)
        return {**content, _CUSTOMER_KEYS: list(self.customer_keys)}

    @property
    def sha256(self) -> str:
        """Return a hash that is equal for snapshots with the same content."""
        content = self.as_json()
        if not content.get(_REFUNDS):
            content.pop(_REFUNDS, None)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def stored_snapshot(content: Mapping[str, Any]) -> KnownSnapshot:
    """Return a snapshot from its stored form."""
    snapshot = OrderSnapshot.model_validate_json(json.dumps(dict(content)))
    return KnownSnapshot(snapshot, tuple(content[_CUSTOMER_KEYS]), tuple(content.get(_ALONE, ())))


def merge(stored: KnownSnapshot, arrived: KnownSnapshot) -> KnownSnapshot | None:
    """Return the state after both, or None if the arrived one is older than the stored one.

    Snapshots of the same version are merged upwards: more paid, more refunded, cancelled. Platforms report several
    changes of one moment in any order. What was said once of the code and the buyer stays in any version.
    """
    if arrived.snapshot.version < stored.snapshot.version:
        return None
    is_newer = arrived.snapshot.version > stored.snapshot.version
    newest = arrived.snapshot if is_newer else _merge_upwards(stored, arrived)
    keys = all_customer_keys(stored.customer_keys, arrived.customer_keys)
    changes = _said_before(stored.snapshot, newest)
    # A list says which refunds there are; without one, those that were reported by themselves stay.
    if _REFUNDS not in newest.model_fields_set:
        changes[_REFUNDS] = tuple(each for each in stored.snapshot.refunds if each.id in stored.alone)
    merged = newest.model_copy(update=changes)
    reported = {*stored.alone, *arrived.alone}
    return KnownSnapshot(merged, keys, tuple(each.id for each in merged.refunds if each.id in reported))


def all_customer_keys(*keys: Iterable[str]) -> tuple[str, ...]:
    """Return every key by which a buyer is known; one of an order alone is dropped once there is another."""
    named = {key for each in keys for key in each}
    return tuple(sorted(key for key in named if is_known_customer((key,)))) or tuple(sorted(named))


def _merge_upwards(stored: KnownSnapshot, arrived: KnownSnapshot) -> OrderSnapshot:
    first, second = sorted((stored, arrived), key=_progress)
    further = second.snapshot
    changes: dict[str, Any] = {}
    if "cancelled" in (first.snapshot.status, further.status):
        changes["status"] = "cancelled"
    if _amount(first.snapshot.paid_amount) > _amount(further.paid_amount):
        changes |= {"paid_amount": first.snapshot.paid_amount, "paid_at": first.snapshot.paid_at}
    if _refunded(first.snapshot) > _refunded(further):
        changes["refunds"] = first.snapshot.refunds
    for name in ("referral_code", "code_source", "payment_key", "link_label", "created_at", "paid_at"):
        if getattr(further, name) is None and getattr(first.snapshot, name) is not None:
            changes.setdefault(name, getattr(first.snapshot, name))
    return further.model_copy(update=changes)


def _said_before(stored: OrderSnapshot, newest: OrderSnapshot) -> dict[str, Any]:
    """Return what a newer report neither changes nor takes back: the first touch, and what is known of the buyer."""
    before, now = stored.customer, newest.customer
    customer = {
        "earlier_paid_orders": max(before.earlier_paid_orders, now.earlier_paid_orders),
        "wallet_address": now.wallet_address or before.wallet_address,
    }
    changes: dict[str, Any] = {"customer": now.model_copy(update=customer)}
    if stored.referral_code:
        changes |= {"referral_code": stored.referral_code, "code_source": stored.code_source}
    if stored.link_label:
        changes["link_label"] = stored.link_label
    for name in ("payment_key", "created_at"):
        if getattr(newest, name) is None:
            changes[name] = getattr(stored, name)
    return changes


def withdrawn_refunds(before: OrderSnapshot, now: OrderSnapshot) -> list[str]:
    """Return the ids of refunds that the store reported before and no longer reports."""
    reported = {refund.id for refund in now.refunds}
    return [refund.id for refund in before.refunds if refund.id not in reported]


def _progress(known: KnownSnapshot) -> tuple[bool, Decimal, Decimal, str]:
    snapshot = known.snapshot
    return (snapshot.status != "open", _amount(snapshot.paid_amount), _refunded(snapshot), known.sha256)


def _refunded(snapshot: OrderSnapshot) -> Decimal:
    return sum((_amount(refund.amount) for refund in snapshot.refunds), Decimal(0))


def _amount(text: str) -> Decimal:
    """Return an amount for comparing; what is no amount is refused where it is priced."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)
