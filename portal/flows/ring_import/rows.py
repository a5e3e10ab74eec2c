"""Read the rows of a Ring deployment: columns or JSON documents, in snake or camel case; inexact values are refused.

docs/import.md describes the source; nothing here is guessed: what cannot be read exactly raises RowRefused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from portal.lib.addresses import (
    LIKE_ADDRESS,
    AddressChecksumWrong,
    AddressReserved,
    InvalidAddress,
    PayeeIsContract,
    canonical_address,
    require_payee,
)
from portal.lib.clock import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST
from portal.lib.money import (
    CurrencyUnknown,
    InvalidAmount,
    check_currency,
    major_text,
    parse_major,
)

Row = dict[str, Any]

_PERCENT_SOURCES = ("product", "merchant", "default", "env")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Characters that no text column stores, and those that reorder the text around them.
_REPLACED = re.compile(r"[\x00\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_MINOR_MOST = 10**18 - 1
_WEI_DIGITS = 18
# As for rewards that are sized here: the sums over many of them fit their columns.
_WEI_MOST = 10**60


class RowRefused(Exception):
    """A row that cannot be imported; the message is a stable code and, after a colon, the offending value."""

    def __init__(self, code: str, value: object = "") -> None:
        super().__init__(f"{code}: {str(value)[:80]}" if value != "" else code)
        self.code = code


def flatten(row: Row) -> Row:
    """Return a row with snake_case names; a JSON document in `data` fills missing columns."""
    document = row.get("data")
    columns = {name: value for name, value in row.items() if name != "data" and value is not None}
    inner = document if isinstance(document, dict) else {}
    return {_HUMP.sub("_", name).lower(): value for name, value in {**inner, **columns}.items()}


def text_of(row: Row, *names: str) -> str | None:
    """Return the first present member as text, numbers as their digits; None when there is none."""
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            continue
        text = str(value).strip()
        if text:
            return unicodedata.normalize("NFC", _REPLACED.sub("\ufffd", text))
    return None


def need_text(row: Row, *names: str) -> str:
    """Return a member as text; raise RowRefused `<name>_missing`."""
    text = text_of(row, *names)
    if text is None:
        raise RowRefused(f"{names[0]}_missing")
    return text


def need_currency(row: Row) -> str:
    """Return the code of an accepted currency; raise RowRefused."""
    currency = need_text(row, "currency")
    try:
        return check_currency(currency)
    except CurrencyUnknown:
        raise RowRefused("currency_invalid", currency) from None


def need_wallet(row: Row, own_contracts: Collection[str], *names: str) -> str:
    """Return an address in stored form; raise RowRefused, also for one of the portal's contracts."""
    name = next((each for each in names if text_of(row, each)), names[0])
    wallet = _address(need_text(row, name), name)
    try:
        require_payee(wallet, own_contracts, name)
    except (AddressReserved, PayeeIsContract):
        raise RowRefused("wallet_invalid", f"{name} {wallet}") from None
    return wallet


def _address(text: str, name: str) -> str:
    try:
        return canonical_address(text)
    except AddressChecksumWrong:
        raise RowRefused("address_checksum_wrong", f"{name} {text}") from None
    except InvalidAddress:
        raise RowRefused("wallet_invalid", f"{name} {text}") from None


def minor_of(row: Row, name: str, currency: str) -> int | None:
    """Return `<name>_minor`, else `<name>` in major units, as minor units; None when both are missing.

    Raises RowRefused `amount_inexact` for anything finer than the currency.
    """
    minor = text_of(row, f"{name}_minor")
    if minor is not None:
        if not re.fullmatch(r"-?[0-9]{1,18}", minor):
            raise RowRefused("amount_inexact", f"{name}_minor {minor}")
        return _bounded(int(minor), name)
    major = row.get(name)
    if major is None:
        return None
    return _minor(_plain(major, name), name, currency)


def need_minor(row: Row, name: str, currency: str) -> int:
    """Return an amount in minor units; raise RowRefused."""
    amount = minor_of(row, name, currency)
    if amount is None:
        raise RowRefused(f"{name}_missing")
    return amount


def _plain(value: object, name: str) -> str:
    """Return a number or a number's text without an exponent; raise RowRefused for anything else."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise ValueError
        number = Decimal(str(value).strip())
        if not number.is_finite() or abs(number.adjusted()) > 60:
            raise ValueError
    except (ValueError, ArithmeticError):
        raise RowRefused("number_invalid", f"{name} {value}") from None
    return f"{number:f}"


def decimal_of(row: Row, *names: str) -> Decimal | None:
    """Return a member as an exact decimal, None when it is missing; raise RowRefused."""
    name = next((name for name in names if row.get(name) is not None), None)
    return None if name is None else Decimal(_plain(row[name], name))


def wei_of(row: Row) -> int | None:
    """Return `reward_amount_wei`, else `reward_amount` tokens, in wei; raise RowRefused where that is not whole."""
    wei = decimal_of(row, "reward_amount_wei")
    if wei is None:
        tokens = decimal_of(row, "reward_amount")
        wei = None if tokens is None else tokens.scaleb(_WEI_DIGITS)
    if wei is None or wei == 0:
        return None
    if wei != wei.to_integral_value() or not 0 < wei <= _WEI_MOST:
        raise RowRefused("amount_inexact", wei)
    return int(wei)


def moment_of(row: Row, *names: str) -> datetime | None:
    """Return a time as aware UTC, None when it is missing: ISO 8601, or milliseconds since 1970; raise RowRefused."""
    name = next((name for name in names if row.get(name) is not None), None)
    if name is None:
        return None
    try:
        moment = _moment(row[name])
    except (ValueError, OverflowError, OSError):
        raise RowRefused("time_invalid", f"{name} {row[name]}") from None
    if not EARLIEST <= moment < LATEST:
        raise RowRefused(
            "time_invalid", f"{name} {row[name]} is not of the years {FIRST_YEAR} to {LAST_YEAR}"
        )
    return moment


def _moment(value: object) -> datetime:
    if isinstance(value, int) and not isinstance(value, bool):
        seconds, milliseconds = divmod(value, 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
    moment = datetime.fromisoformat(str(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class SettlementAmounts:
    """A settlement's amounts in minor units and its breakdown in this portal's format."""

    amount: int
    commission: int
    net: int
    breakdown: Row


def settlement_amounts(row: Row, currency: str) -> SettlementAmounts:
    """Return amounts that add up; raise RowRefused where the source's do not."""
    amount = need_minor(row, "amount", currency)
    net = minor_of(row, "net_payout", currency)
    commission = minor_of(row, "commission", currency)
    if commission is None and net is not None:
        commission = amount - net
    if commission is None:
        raise RowRefused("commission_missing")
    if net is not None and net != amount - commission:
        raise RowRefused("amounts_do_not_add_up", f"{amount} - {commission} is not {net}")
    metadata = row.get("metadata")
    source = metadata.get("commissionBreakdown") if isinstance(metadata, dict) else None
    breakdown = _breakdown(source if isinstance(source, dict) else {}, commission, currency)
    return SettlementAmounts(amount, commission, amount - commission, breakdown)


def _breakdown(source: Row, commission: int, currency: str) -> Row:
    """Return the parts as decimal strings; the remainder belongs to the platform, as in the journal."""
    splits = [_split(split, currency) for split in _list(source.get("customSplits"))]
    referral = _part(source, "referralCommission", currency)
    shares = referral + sum(_minor(split["amount"], "split", currency) for split in splits)
    if abs(shares) > abs(commission) or (shares and (shares > 0) != (commission > 0)):
        raise RowRefused("breakdown_inconsistent", f"{shares} of {commission}")
    return {
        "platformCommission": major_text(commission - shares, currency),
        "referralCommission": major_text(referral, currency),
        "referralEffectivePercent": _percent(source, "referralEffectivePercent"),
        "referralByItem": [_item(item, currency) for item in _list(source.get("referralByItem"))],
        "customSplits": splits,
        "totalCommission": major_text(commission, currency),
    }


def _split(split: object, currency: str) -> Row:
    if not isinstance(split, dict) or not text_of(split, "recipientId"):
        raise RowRefused("breakdown_inconsistent", "a split without a recipient")
    recipient = need_text(split, "recipientId")
    if LIKE_ADDRESS.fullmatch(recipient):
        _address(recipient, "customSplits.recipientId")
    return {
        "recipientId": recipient,
        "percent": _percent(split, "percent"),
        "amount": major_text(_part(split, "amount", currency), currency),
        "description": text_of(split, "description") or "",
    }


def _item(item: object, currency: str) -> Row:
    source = text_of(item, "source") if isinstance(item, dict) else None
    if not isinstance(item, dict) or source not in _PERCENT_SOURCES:
        raise RowRefused("breakdown_inconsistent", "an item without a known source of its percent")
    product_id = item.get("productId")
    return {
        "productId": product_id if isinstance(product_id, int | str) else None,
        "percent": _percent(item, "percent"),
        "source": source,
        "subtotal": major_text(_part(item, "subtotal", currency), currency),
        "amount": major_text(_part(item, "amount", currency), currency),
    }


def _part(source: Row, name: str, currency: str) -> int:
    return _minor(_plain(source.get(name) or 0, name), name, currency)


def _percent(source: Row, name: str) -> str:
    return _plain(source.get(name) or 0, name)


def _minor(major: str, name: str, currency: str) -> int:
    try:
        # 490.000 is 490.00: trailing zeros are accepted.
        digits = major.rstrip("0").rstrip(".") if "." in major else major
        return _bounded(parse_major(digits or "0", currency), name)
    except InvalidAmount:
        raise RowRefused("amount_inexact", f"{name} {major}") from None


def _bounded(minor: int, name: str) -> int:
    if abs(minor) > _MINOR_MOST:
        raise RowRefused("amount_too_large", f"{name} {minor}")
    return minor


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def name_of(row: Row) -> str:
    """Return what a row is called in a report."""
    return text_of(row, "code", "order_reference", "id") or "?"
