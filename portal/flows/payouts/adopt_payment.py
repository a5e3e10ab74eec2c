"""Adopt payments of the payout contract that this database does not know. See docs/rules/payouts.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from models import ForeignPayment, Settlement
from portal.chain import (
    ChainAway,
    ContractMissing,
    NodeRefused,
    NotConfigured,
    WrongChain,
    open_payout_chain,
)
from portal.chain.contract.token import Token
from portal.chain.errors import ChainNotConfigured
from portal.chain.node.rpc import Node
from portal.commissions.foreign_payments import (
    adopt_foreign,
    find_unknown,
    list_adoptable,
    list_unknown,
    possible_payouts,
)
from portal.db import Actor, connection, database_now
from portal.flows.payouts._owed import RateAway, find_owed
from portal.rewards import RateReading, read_rate
from portal.settings import Settings


@dataclass(frozen=True)
class UnknownPayment:
    """A payment that is not adopted, and unpaid settlements of vendors with its wallet; `tokens` None if unknown."""

    row: ForeignPayment
    tokens: Decimal | None
    settlements: list[Settlement]


def list_unknown_payments(settings: Settings) -> list[UnknownPayment]:
    """Return the payments that stop payouts, oldest first."""
    with connection():
        rows = list_unknown()
        try:
            decimals = _read_decimals(settings) if rows else None
        except (ChainNotConfigured, ChainAway, WrongChain, NodeRefused, ContractMissing):
            decimals = None
        return [
            UnknownPayment(
                row,
                None if decimals is None else Decimal(row.amount_wei).scaleb(-decimals),
                list_adoptable(row.wallet),
            )
            for row in rows
        ]


def adopt_payment(
    settings: Settings, payment_id: int, settlement_ids: Collection[int], actor: Actor
) -> int | None:
    """Adopt a payment as that of settlements, or of none; return the id of the payout that completes them.

    Raises ForeignPaymentUnknown, SettlementsNotAdoptable, or ChainAway if the token cannot be read.
    """
    with connection():
        row = find_unknown(payment_id)
        if not settlement_ids:
            return adopt_foreign(row.id, (), ("", 0), actor)
        token, node = _open_token(settings)
        with_released = _includes_released(settings, token, node, row, settlement_ids)
        named = token.address, token.decimals(node)
        return adopt_foreign(row.id, settlement_ids, named, actor, with_released=with_released)


def _includes_released(
    settings: Settings, token: Token, node: Node, row: ForeignPayment, settlement_ids: Collection[int]
) -> bool:
    """Return whether the amount shows that the released reserve was paid too, which is then not due again."""

    def rate_at(currency: str, at: datetime) -> RateReading:
        return read_rate(currency, settings, at)

    if len(possible_payouts(settlement_ids)) < 2:
        return False
    try:
        owed = find_owed(node, token, rate_at, settlement_ids, row.amount_wei, row.block_number)
    except RateAway as error:
        raise ChainAway(str(error)) from None
    return owed is not None and owed.released_minor > 0


def _open_token(settings: Settings) -> tuple[Token, Node]:
    opened = open_payout_chain(settings)
    if isinstance(opened, NotConfigured):
        raise ChainNotConfigured
    chain, token = opened
    return token, chain.node(database_now())


def _read_decimals(settings: Settings) -> int:
    token, node = _open_token(settings)
    return token.decimals(node)
