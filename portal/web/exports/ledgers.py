"""Every ledger, from the descriptions of the modules of this package."""

from __future__ import annotations

from portal.lib.errors import PortalError
from portal.web.core.access import RoleRequired
from portal.web.exports import (
    catalogue_ledgers,
    commission_ledgers,
    payment_ledgers,
    people_ledgers,
    programme_ledgers,
    reward_ledgers,
)
from portal.web.exports.ledger import Ledger

LEDGERS: tuple[Ledger, ...] = (
    *commission_ledgers.LEDGERS,
    *reward_ledgers.LEDGERS,
    *payment_ledgers.LEDGERS,
    *people_ledgers.LEDGERS,
    *programme_ledgers.LEDGERS,
    *catalogue_ledgers.LEDGERS,
)
_BY_NAME = {ledger.name: ledger for ledger in LEDGERS}


class LedgerUnknown(PortalError):
    """There is no ledger with this name."""

    code = "ledger_unknown"


def ledger_for(name: str, role: str) -> Ledger:
    """Return a ledger that people of a role may read; raise LedgerUnknown or RoleRequired."""
    ledger = _BY_NAME.get(name)
    if ledger is None:
        raise LedgerUnknown
    if ledger.audience not in ("signed_in", role):
        raise RoleRequired(role=ledger.audience)
    return ledger
