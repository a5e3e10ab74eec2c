"""Read what a platform documents: its amounts and times, and what to say when something has another form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import ValidationError

from portal.lib.clock import epoch_milliseconds
from portal.lib.currencies import CURRENCIES
from portal.lib.money import minor_digits
from portal.stores.adapters.protocol import DeliveryUnreadable
from portal.stores.snapshots import COUPONS_MAX, SnapshotLine, SnapshotRefund, SnapshotStatus

TEXT_MAX, NAME_MAX = 200, 500
_DIGITS_MAX = 40
CODE_KEYS = ("ring_ref", "ringRef")
LABEL_KEYS = ("ring_via", "ringVia")


@contextmanager
def documented_form() -> Iterator[None]:
    """Raise DeliveryUnreadable for whatever goes wrong while a parsed body is read."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        raise DeliveryUnreadable(detail=f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except KeyError as error:
        raise DeliveryUnreadable(detail=f"{error.args[0]}: missing") from None
    except (ValueError, TypeError, AttributeError, ArithmeticError, IndexError) as error:
        raise DeliveryUnreadable(detail=f"not the form of an order ({type(error).__name__})") from None


def money(value: object) -> Decimal:
    """Return an amount in major units; a float is refused, because it has lost what the store meant."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise DeliveryUnreadable(detail="an amount is no number")
    return bounded(Decimal(value))


def bounded(amount: Decimal) -> Decimal:
    """Return an amount that can be written out: 1e999999999 would be a text of a gigabyte."""
    if amount.is_finite():
        last, first = int(amount.as_tuple().exponent), amount.adjusted()
        if last >= -_DIGITS_MAX and first <= _DIGITS_MAX:
            return amount
    raise DeliveryUnreadable(detail="an amount is no number")


def known_currency(code: object) -> str:
    """Return the code of a currency that the portal knows; raise DeliveryUnreadable."""
    currency = str(code).strip().upper()
    if currency not in CURRENCIES:
        raise DeliveryUnreadable(
            detail=f"currency {currency[:10]}: unknown" if currency else "currency: missing"
        )
    return currency


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Return an amount rounded half-up to the decimals of its currency."""
    return amount.quantize(unit_of(currency), ROUND_HALF_UP)


def amount_text(amount: Decimal) -> str:
    """Return an amount as a decimal string without an exponent or superfluous zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def spread(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Return a total divided by weights, in whole units of its currency; the parts add up to the total."""
    left, of, parts = total, sum(weights, Decimal(0)), []
    for weight in weights:
        part = rounded(left * weight / of, currency) if of else Decimal(0)
        parts.append(part)
        left, of = left - part, of - weight
    return parts


def time_of(text: object) -> datetime | None:
    """Return an ISO time in UTC, None for nothing."""
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def latest(times: Iterable[object]) -> datetime:
    """Return the newest of some ISO times."""
    return max(moment for moment in map(time_of, times) if moment is not None)


def version_of(moment: datetime) -> int:
    return epoch_milliseconds(moment)


def payment_state(
    lines: Sequence[SnapshotLine],
    shipping: Decimal,
    paid: Decimal,
    currency: str,
    *,
    cancelled: bool,
    is_complete: bool = False,
) -> tuple[SnapshotStatus, str]:
    """Return the status of an order and the amount that was paid for it.

    A part of the price is no payment yet. Rounding may lose one unit for each line. `is_complete` where the platform
    itself says that nothing is left to pay: amounts that do not add up are then refused and do not wait.
    """
    complete = paid > 0 and (is_complete or paid + _rounding(lines, currency) >= _due(lines, shipping))
    status: SnapshotStatus = "cancelled" if cancelled else "paid" if complete else "open"
    return status, amount_text(paid if complete else Decimal(0))


def fitting(
    readings: Sequence[tuple[SnapshotLine, ...]], shipping: Decimal, paid: Decimal, currency: str
) -> tuple[SnapshotLine, ...]:
    """Return the first of some readings of an order's lines that adds up to what was paid, otherwise the first.

    Platforms change lines after the payment and before it, and say which only by the sums.
    """
    for lines in readings if paid > 0 else ():
        if abs(_due(lines, shipping) - paid) <= _rounding(lines, currency):
            return lines
    return readings[0]


def less(lines: Sequence[SnapshotLine], credit: Decimal, currency: str) -> tuple[SnapshotLine, ...]:
    """Return lines less a credit, such as of a gift card, in proportion of what they cost with tax."""
    gross = [Decimal(line.amount) + Decimal(line.tax) for line in lines]
    shares = spread(max(Decimal(0), min(credit, sum(gross, Decimal(0)))), gross, currency)
    return tuple(_less(*parts, currency) for parts in zip(lines, gross, shares, strict=True))


def _less(line: SnapshotLine, gross: Decimal, share: Decimal, currency: str) -> SnapshotLine:
    tax = rounded(Decimal(line.tax) * (gross - share) / gross, currency) if gross else Decimal(0)
    return line.model_copy(update={"amount": amount_text(gross - share - tax), "tax": amount_text(tax)})


def _due(lines: Sequence[SnapshotLine], shipping: Decimal) -> Decimal:
    return sum((Decimal(line.amount) + Decimal(line.tax) for line in lines), shipping)


def _rounding(lines: Sequence[SnapshotLine], currency: str) -> Decimal:
    return len(lines) * unit_of(currency)


def unit_of(currency: str) -> Decimal:
    """Return the smallest amount of a currency."""
    return Decimal(1).scaleb(-minor_digits(currency))


def pieces(quantity: object) -> int:
    """Return a quantity in whole pieces, at least one: shops sell 0.5 kg, and keep lines of which nothing is left."""
    return max(1, int(money(quantity)))


def refund(number: object, amount: Decimal, at: object = None, reason: object = None) -> SnapshotRefund:
    """Return a settled refund."""
    why = str(reason)[:NAME_MAX] if reason else None
    return SnapshotRefund(id=str(number), amount=amount_text(amount), at=time_of(at), reason=why)


def first_text(values: Mapping[str, Any] | None, keys: Iterable[str], at_most: int = TEXT_MAX) -> str | None:
    """Return the first of some members that is a text, shortened."""
    texts = (
        str(values[key]).strip()[:at_most] for key in keys if values and isinstance(values.get(key), str)
    )
    return next(filter(None, texts), None)


def coupons(codes: Iterable[object]) -> tuple[str, ...]:
    """Return the codes of an order's coupons, each once."""
    return tuple(dict.fromkeys(str(code)[:TEXT_MAX] for code in codes if code))[:COUPONS_MAX]
