"""Map people and vendors of a Ring deployment to accounts and vendors of this portal.

A person is known by a wallet, which the old system had proved: its owner here, else a new account that is entered
by signing in with that wallet. E-mail addresses are not trusted: nobody has proved them. The event log remembers who
became whom, so that a second run finds the same people.
"""

from __future__ import annotations

from models import EventLog, User, Vendor
from portal.accounts import create_wallet_user, find_wallet_owner, register_wallet
from portal.catalogue import create_vendor
from portal.chain import checksum
from portal.db import Actor, record_event
from portal.flows.ring_import.rows import RowRefused
from portal.lib.addresses import short_address

ACTOR = Actor("command:import-ring")
USER_IMPORTED, VENDOR_IMPORTED = "user_imported", "vendor_imported"


class Newcomers:
    """The accounts and vendors of source ids, read from the event log and extended."""

    _users: dict[str, int]
    _vendors: dict[str, int]

    def __init__(self, vendors: dict[str, int]) -> None:
        self._given = vendors
        self._noted = True
        self.forget()

    def user(self, source_id: str | None, wallet: str) -> int:
        """Return the account of a person with a wallet, linked to it; raise RowRefused when it is another's."""
        owner = find_wallet_owner(wallet)
        known = self._users.get(source_id) if source_id else None
        if known is not None and owner not in (None, known):
            raise RowRefused("wallet_taken", checksum(wallet))
        user_id = known or owner or _new_account(wallet)
        register_wallet(user_id, wallet, ACTOR)
        self._remember(source_id, user_id)
        return user_id

    def find_user(self, source_id: str | None) -> int | None:
        """Return the account of a person, None for a person without a wallet here."""
        return self._users.get(source_id) if source_id else None

    def vendor(self, source_id: str) -> int:
        """Return the vendor of a source id as given or imported before, else a new one."""
        if source_id not in self._vendors:
            vendor = create_vendor(f"Imported vendor {source_id[:60]}", actor=ACTOR)
            record_event(ACTOR, "vendor", vendor.id, VENDOR_IMPORTED, data={"sourceId": source_id})
            self._vendors[source_id] = vendor.id
            self._noted = True
        return self._vendors[source_id]

    def forget(self) -> None:
        """Read the event log again after a rollback."""
        if not self._noted:
            return
        self._noted = False
        self._users = _remembered("user", USER_IMPORTED)
        self._vendors = {**_remembered("vendor", VENDOR_IMPORTED), **self._given}

    def _remember(self, source_id: str | None, user_id: int) -> None:
        if source_id and source_id not in self._users:
            record_event(ACTOR, "user", user_id, USER_IMPORTED, data={"sourceId": source_id})
            self._users[source_id] = user_id
            self._noted = True


def list_vendor_ids() -> set[int]:
    """Return the ids of all vendors of this portal."""
    return {row.id for row in Vendor.select(Vendor.id)}


def _new_account(wallet: str) -> int:
    user: User = create_wallet_user(short_address(checksum(wallet)), locale="en", referrer=None, actor=ACTOR)
    return int(user.id)


def _remembered(entity: str, event: str) -> dict[str, int]:
    rows = EventLog.select().where((EventLog.entity == entity) & (EventLog.event == event))
    return {row.data["sourceId"]: int(row.entity_id) for row in rows.order_by(EventLog.id)}
