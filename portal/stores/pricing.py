"""The amounts of a snapshot in minor units: what is commissionable, what was paid, what was refunded.

Pure and exact. See docs/rules/stores.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from portal.lib.errors import PortalError
from portal.lib.money import (
    InvalidAmount,
    check_currency,
    check_total,
    major_text,
    parse_exact,
    parse_major,
    round_half_up,
)
from portal.stores.snapshots import OrderSnapshot, SnapshotRefund

GROSS = "gross"


class LinesDoNotAddUp(PortalError):
    """Lines, tax and shipping differ from the paid amount by more than a minor unit per line.

    Params difference, sum and paid (major units) and currency.
    """

    code = "lines_do_not_add_up"


class LineRepeated(PortalError):
    """Two lines, or two refunds, have the same id; param `external_id`."""

    code = "id_repeated"


class RefundLineUnknown(PortalError):
    """A refund names a line that the order does not have; param `external_id`."""

    code = "refund_line_unknown"


@dataclass(frozen=True)
class SoldLine:
    """What refunds of a line are measured by: `subtotal_minor` is commissionable, `net_minor` is before tax."""

    external_id: str
    net_minor: int
    subtotal_minor: int


@dataclass(frozen=True)
class PricedLine(SoldLine):
    """One line as a store reports it now."""

    sku: str
    name: str
    vendor: str | None
    quantity: int


@dataclass(frozen=True)
class PricedRefund:
    """One refund: what the buyer got back, and of which lines where the store says so."""

    id: str
    amount_minor: int
    lines: tuple[tuple[str, int], ...]
    reason: str | None


@dataclass(frozen=True)
class PricedSnapshot:
    """The amounts of a snapshot in minor units of its currency."""

    currency: str
    lines: tuple[PricedLine, ...]
    paid_minor: int
    is_paid: bool
    refunds: tuple[PricedRefund, ...]

    @property
    def total_minor(self) -> int:
        """Return the commissionable amount."""
        return sum(line.subtotal_minor for line in self.lines)

    @property
    def refunded_minor(self) -> int:
        """Return what buyers got back, as the store reports it: perhaps more than was paid."""
        return sum(refund.amount_minor for refund in self.refunds)


def price_snapshot(snapshot: OrderSnapshot, base: str) -> PricedSnapshot:
    """Return the amounts of a snapshot; `base` is the store's `commission_base`, net or gross of tax.

    Raises CurrencyUnknown, InvalidAmount, TotalTooLarge or LineRepeated, each naming its field.
    """
    currency = check_currency(snapshot.currency)
    _require_unique([line.external_id for line in snapshot.lines], "lines", "externalId")
    _require_unique([refund.id for refund in snapshot.refunds], "refunds", "id")
    lines = tuple(_price_line(snapshot, index, currency, base) for index in range(len(snapshot.lines)))
    check_total(sum(line.subtotal_minor for line in lines), currency, "lines")
    paid = check_total(_positive(snapshot.paid_amount, currency, "paidAmount"), currency, "paidAmount")
    return PricedSnapshot(
        currency=currency,
        lines=lines,
        paid_minor=paid,
        # Platforms cancel orders that were paid; what was paid stays paid.
        is_paid=snapshot.status == "paid" or (snapshot.status == "cancelled" and paid > 0),
        refunds=tuple(
            _price_refund(refund, index, currency) for index, refund in enumerate(snapshot.refunds)
        ),
    )


def require_exact_amounts(snapshot: OrderSnapshot) -> None:
    """Raise InvalidAmount for an amount that is not written as the API asks for, with its field."""
    currency = check_currency(snapshot.currency)
    for field, text in _amounts(snapshot):
        parse_exact(text, currency, field)


def _amounts(snapshot: OrderSnapshot) -> Iterator[tuple[str, str]]:
    yield "paidAmount", snapshot.paid_amount
    yield "shipping", snapshot.shipping
    for index, line in enumerate(snapshot.lines):
        yield f"lines[{index}].amount", line.amount
        yield f"lines[{index}].tax", line.tax
    for index, refund in enumerate(snapshot.refunds):
        yield f"refunds[{index}].amount", refund.amount
        for number, part in enumerate(refund.lines):
            yield f"refunds[{index}].lines[{number}].amount", part.amount


def require_lines_add_up(snapshot: OrderSnapshot, currency: str) -> None:
    """Raise LinesDoNotAddUp if lines, tax and shipping are not what was paid, within a minor unit per line."""
    paid = parse_major(snapshot.paid_amount, currency, "paidAmount")
    parts = [text for line in snapshot.lines for text in (line.amount, line.tax)] + [snapshot.shipping]
    total = sum(parse_major(text, currency) for text in parts)
    if abs(total - paid) > len(snapshot.lines):
        raise LinesDoNotAddUp(
            field="paidAmount",
            difference=major_text(total - paid, currency),
            sum=major_text(total, currency),
            paid=major_text(paid, currency),
            currency=currency,
        )


def require_refund_lines(priced: PricedSnapshot, sold: Collection[str] = ()) -> None:
    """Raise RefundLineUnknown for a refund of a line that is neither reported now nor among those that were `sold`."""
    known = {line.external_id for line in priced.lines}.union(sold)
    for index, refund in enumerate(priced.refunds):
        for number, (line_id, _minor) in enumerate(refund.lines):
            if line_id not in known:
                raise RefundLineUnknown(
                    field=f"refunds[{index}].lines[{number}].externalId", external_id=line_id
                )


def refunded_goods(
    lines: Sequence[SoldLine], refunds: Sequence[PricedRefund], total_minor: int, paid_minor: int
) -> int:
    """Return how much of the commissionable total the refunds took back, in minor units.

    A refund counts by its lines, or in proportion of what was paid. Everything back is the whole total, so the last
    refund closes to the unit.
    """
    if sum(refund.amount_minor for refund in refunds) >= paid_minor:
        return total_minor if refunds else 0
    unassigned = sum(refund.amount_minor for refund in refunds if not refund.lines)
    in_proportion = round_half_up(Fraction(total_minor * unassigned, paid_minor))
    return min(total_minor, sum(refunded_lines(lines, refunds).values()) + in_proportion)


def refunded_lines(lines: Sequence[SoldLine], refunds: Sequence[PricedRefund]) -> dict[str, int]:
    """Return how much of each line the refunds name, in minor units by the store's ids, at most the line.

    The lines of a refund take back at most its amount; what the buyer still pays for stays sold. A line that was not
    sold takes back nothing.
    """
    shares = {line.external_id: _share(line) for line in lines}
    goods: dict[str, Fraction] = {}
    for refund in refunds:
        named = [(line_id, net * shares[line_id]) for line_id, net in refund.lines if line_id in shares]
        in_all = sum(part for _line_id, part in named)
        fits = min(Fraction(1), refund.amount_minor / in_all) if in_all else Fraction(1)
        for line_id, part in named:
            goods[line_id] = goods.get(line_id, Fraction(0)) + part * fits
    limits = {line.external_id: line.subtotal_minor for line in lines}
    capped = {line_id: min(limits[line_id], round_half_up(part)) for line_id, part in goods.items()}
    return {line_id: minor for line_id, minor in capped.items() if minor}


def _share(line: SoldLine) -> Fraction:
    """Return the commissionable part of what a refund names of a line before tax."""
    return Fraction(line.subtotal_minor, line.net_minor) if line.net_minor else Fraction(1)


def _price_line(snapshot: OrderSnapshot, index: int, currency: str, base: str) -> PricedLine:
    line = snapshot.lines[index]
    net = _positive(line.amount, currency, f"lines[{index}].amount")
    tax = _positive(line.tax, currency, f"lines[{index}].tax")
    if index == 0:
        _positive(snapshot.shipping, currency, "shipping")
    return PricedLine(
        external_id=line.external_id,
        sku=line.sku or line.external_id,
        name=line.name or line.sku or line.external_id,
        vendor=line.vendor,
        quantity=line.quantity,
        net_minor=net,
        subtotal_minor=net + tax if base == GROSS else net,
    )


def _price_refund(refund: SnapshotRefund, index: int, currency: str) -> PricedRefund:
    field = f"refunds[{index}]"
    return PricedRefund(
        id=refund.id,
        amount_minor=check_total(_positive(refund.amount, currency, f"{field}.amount"), currency, "refunds"),
        lines=tuple(
            (line.external_id, _positive(line.amount, currency, f"{field}.lines[{number}].amount"))
            for number, line in enumerate(refund.lines)
        ),
        reason=refund.reason,
    )


def _positive(text: str, currency: str, field: str) -> int:
    minor = parse_major(text, currency, field)
    if minor < 0:
        raise InvalidAmount(field=field, is_sent=True)
    return minor


def _require_unique(ids: Sequence[str], name: str, member: str) -> None:
    seen: set[str] = set()
    for index, external_id in enumerate(ids):
        if external_id in seen:
            raise LineRepeated(field=f"{name}[{index}].{member}", external_id=external_id)
        seen.add(external_id)
