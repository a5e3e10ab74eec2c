"""Unknown payments of the payout contract in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.chain import checksum
from portal.web.text.format import money, number
from portal.web.text.rewards import explorer_url
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from portal.flows.payouts.adopt_payment import UnknownPayment


@dataclass(frozen=True, slots=True)
class ForeignPaymentRow:
    """A payment: wallet, amount of tokens, and the unpaid settlements that it may be of."""

    id: int
    wallet: str
    amount: str
    tx: str
    tx_url: str | None
    seen_at: datetime
    settlements: tuple[tuple[int, str, str, str], ...]


def foreign_payment_rows(payments: list[UnknownPayment]) -> list[ForeignPaymentRow]:
    """Return payments as the page shows them; a settlement is its number, vendor, order and net amount."""
    return [
        ForeignPaymentRow(
            id=payment.row.id,
            wallet=checksum(payment.row.wallet),
            amount=_("%(units)s base units", units=payment.row.amount_wei)
            if payment.tokens is None
            else number(payment.tokens.normalize()),
            tx=payment.row.tx_hash,
            tx_url=explorer_url("tx", payment.row.tx_hash),
            seen_at=payment.row.created_at,
            settlements=tuple(
                (row.id, row.vendor.name, row.order_reference, money(row.net_payout_minor, row.currency))
                for row in payment.settlements
            ),
        )
        for payment in payments
    ]
