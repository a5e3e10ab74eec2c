"""What the pages of vendors show: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.accounts import find_user
from portal.chain import checksum
from portal.commissions import find_merchant_config, merchant_configs, vendor_terms
from portal.proposals import find_waiting_wallet
from portal.web.text.format import percent
from portal.web.text.payouts import frequency_words
from portal.web.text.products import tier_words
from portal.web.text.rewards import explorer_url

if TYPE_CHECKING:
    from models import Vendor


@dataclass(frozen=True, slots=True)
class VendorRow:
    """A vendor in the list, with the terms in effect; `owner` is (id, name), None without one."""

    id: int
    name: str
    owner: tuple[int, str] | None
    tier: str
    state: str
    platform: str
    frequency: str


@dataclass(frozen=True, slots=True)
class VendorView:
    """A vendor as an admin sees one; `wallet` is the payout wallet in EIP-55, "" without one."""

    id: int
    name: str
    owner: tuple[int, str] | None
    is_owner_unconfirmed: bool
    state: str
    platform: str
    frequency: str
    hold_days: int
    wallet: str
    wallet_url: str | None
    wallet_waits: bool


def vendor_rows(vendors: Sequence[Vendor]) -> list[VendorRow]:
    """Return vendors, read with their owners, with the terms in effect."""
    configs = merchant_configs([vendor.id for vendor in vendors])
    rows = []
    for vendor in vendors:
        terms = vendor_terms(vendor, configs.get(vendor.id))
        owner = (vendor.user.id, vendor.user.name) if vendor.user else None
        rows.append(
            VendorRow(
                id=vendor.id,
                name=vendor.name,
                owner=owner,
                tier=tier_words(vendor.store_tier),
                state=_state(vendor),
                platform=percent(terms.platform_percent),
                frequency=frequency_words(terms.payout_frequency),
            )
        )
    return rows


def vendor_view(vendor: Vendor) -> VendorView:
    """Return a vendor with its owner and the terms in effect."""
    config = find_merchant_config(vendor.id)
    terms = vendor_terms(vendor, config)
    owner = find_user(vendor.user_id) if vendor.user_id is not None else None
    wallet = checksum(config.payout_wallet) if config and config.payout_wallet else ""
    return VendorView(
        id=vendor.id,
        name=vendor.name,
        owner=(owner.id, owner.name) if owner else None,
        is_owner_unconfirmed=bool(owner and owner.email and owner.email_confirmed_at is None),
        state=_state(vendor),
        platform=percent(terms.platform_percent),
        frequency=frequency_words(terms.payout_frequency),
        hold_days=terms.hold_days,
        wallet=wallet,
        wallet_url=explorer_url("address", wallet) if wallet else None,
        wallet_waits=find_waiting_wallet(vendor.id) is not None,
    )


def vendor_fields(vendor: Vendor) -> dict[str, str]:
    """Return the fields of a vendor's form as stored."""
    owner = find_user(vendor.user_id) if vendor.user_id is not None else None
    return {"name": vendor.name, "owner": (owner.email if owner else "") or "", "tier": vendor.store_tier}


def _state(vendor: Vendor) -> str:
    return "active" if vendor.active else "inactive"
