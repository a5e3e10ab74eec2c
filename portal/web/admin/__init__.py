"""The admin's pages: reward queue, batch minting, settlement ledger, payments, cross-rail audit."""

from portal.web.admin import (
    audit,
    codes,
    credit,
    inbox,
    journal,
    merchants,
    minting,
    payouts,
    queue,
    rates,
    saved,
    settlements,
)
from portal.web.admin.blueprint import blueprint

__all__ = [
    "audit",
    "blueprint",
    "codes",
    "credit",
    "inbox",
    "journal",
    "merchants",
    "minting",
    "payouts",
    "queue",
    "rates",
    "saved",
    "settlements",
]
