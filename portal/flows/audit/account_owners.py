"""Whose account of the journal an account is."""

from __future__ import annotations

from collections.abc import Iterable

from models import User, Vendor
from portal.db import read_together

_OF_VENDORS = {"vendor_payable", "vendor_receivable", "vendor_reserve"}
_OF_PEOPLE = {"credit", "reward_payable", "reward_debit"}


def find_account_owners(accounts: Iterable[str]) -> dict[str, str]:
    """Return the name of the vendor or person behind each account that has one, in one statement for any number.

    An account is `kind` or `kind:id`, such as `vendor_payable:3`. See docs/rules/journal.md.
    """
    owner_ids = {account: _owner_id(account) for account in set(accounts)}
    vendors, people = (
        {row.id: row.name for row in rows}
        for rows in read_together(
            Vendor.select(Vendor.id, Vendor.name).where(Vendor.id.in_(_ids_of(_OF_VENDORS, owner_ids))),
            User.select(User.id, User.name).where(User.id.in_(_ids_of(_OF_PEOPLE, owner_ids))),
        )
    )
    owners = {}
    for account, (kind, owner_id) in owner_ids.items():
        names = vendors if kind in _OF_VENDORS else people if kind in _OF_PEOPLE else {}
        if name := names.get(owner_id):
            owners[account] = name
    return owners


def _owner_id(account: str) -> tuple[str, int]:
    kind, _colon, owner_id = account.partition(":")
    return kind, int(owner_id) if owner_id.isdecimal() else 0


def _ids_of(kinds: set[str], owner_ids: dict[str, tuple[str, int]]) -> list[int]:
    return sorted({owner_id for kind, owner_id in owner_ids.values() if kind in kinds})
