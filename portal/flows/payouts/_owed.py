"""Compare a payment that this database did not sign with what its settlements were owed. See docs/rules/payouts.md."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from fractions import Fraction

from portal.chain.contract.token import Token
from portal.chain.node.rpc import Node
from portal.commissions.foreign_payments import possible_payouts
from portal.commissions.payout_rules import PlannedPayout, token_units
from portal.flows.payouts._context import RateReader
from portal.lib.money import fraction_to_decimal


class RateAway(Exception):
    """The rate of the day of a payment cannot be read now."""


def find_owed(
    node: Node,
    token: Token,
    read_rate: RateReader,
    settlement_ids: Collection[int],
    amount_wei: int,
    block_number: int,
) -> PlannedPayout | None:
    """Return the payout of settlements that is exactly this amount at the rate of the payment's day, else None.

    Raises RateAway.
    """
    possible = possible_payouts(settlement_ids)
    if not possible:
        return None
    paid_at = datetime.fromtimestamp(node.block(block_number).timestamp, UTC)
    rate = read_rate(possible[0].currency, paid_at)
    if rate.value is None:
        if rate.source == "none":
            return None
        raise RateAway(f"the rate of {paid_at:%Y-%m-%d} for a payment of the contract cannot be read")
    # The precision in which a payout stores its rate.
    stored, decimals = Fraction(fraction_to_decimal(rate.value, 18)), token.decimals(node)
    return next(
        (
            planned
            for planned in possible
            if token_units(planned.amount_minor, planned.currency, stored, decimals) == amount_wei
        ),
        None,
    )
