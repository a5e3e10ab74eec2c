"""The ledger's filters live in the URL, so that a filtered ledger is a link and an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.commissions import SettlementFilter
from portal.settings import Settings
from portal.web.admin.rewards.filters import read_day

STATUSES = ("pending", "processing", "completed", "failed", "held", "cancelled")
FIELDS = ("status", "vendor", "orderReference", "currency", "since", "until")


@dataclass(frozen=True)
class LedgerView:
    """What the URL asks for: the filter, the texts as they were typed, and what is wrong with them."""

    wanted: SettlementFilter
    typed: dict[str, str]
    errors: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        """Return the URL's arguments, the empty ones left out."""
        return {name: value for name, value in self.typed.items() if value}


def read_ledger_view(arguments: Mapping[str, str], settings: Settings) -> LedgerView:
    """Read the filters of a URL; a field that makes no sense is told and left open."""
    typed = {name: arguments.get(name, "").strip()[:200] for name in FIELDS}
    errors: dict[str, str] = {}
    vendor = typed["vendor"]
    wanted = SettlementFilter(
        status=typed["status"] if typed["status"] in STATUSES else "",
        vendor_id=int(vendor) if vendor.isascii() and vendor.isdecimal() and len(vendor) < 19 else None,
        reference=typed["orderReference"],
        currency=typed["currency"],
        since=read_day(typed["since"], "since", settings, errors),
        until=read_day(typed["until"], "until", settings, errors, days=1),
    )
    return LedgerView(wanted, typed, errors)
