"""An order snapshot: the complete current state of an order, as reported by a store. See docs/rules/stores.md.

It is the body of `POST /api/v1/orders`, and what every adapter reads a delivery as. Money is decimal strings in major
units, because a JSON number has lost what the store meant.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

from portal.lib.clock import EARLIEST, LATEST
from portal.lib.contacts import without_addresses, without_contacts
from portal.lib.errors import PortalError

LINES_MAX = 500
REFUNDS_MAX = 500
COUPONS_MAX = 20
# What a bigint column holds.
VERSION_MAX = 2**63 - 1
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]")

SnapshotStatus = Literal["open", "paid", "cancelled"]
CodeSource = Literal["cookie", "entered", "coupon"]


class AmountNotString(PortalError):
    """An amount is a JSON number; write it as a string."""

    code = "amount_not_string"


def _amount(value: object) -> str:
    """Return an amount that is a string; its digits are checked with the currency."""
    if isinstance(value, (int, float)):
        raise ValueError(AmountNotString.code)
    # An address in the wrong member is not stored even with an order that is refused.
    if not isinstance(value, str) or len(value) > 40 or "@" in value:
        raise ValueError("amount_invalid")
    return value


# Validated without coercion, so that adapters and the API refuse the same values.
Amount = Annotated[str, PlainValidator(_amount, json_schema_input_type=str)]


def _moment(value: datetime) -> datetime:
    """Return a time in UTC; refuse what lies outside the times that the portal knows."""
    if not EARLIEST <= value < LATEST:
        raise ValueError("moment")
    return value.astimezone(UTC)


def _written_time(value: object) -> object:
    """Refuse a number, in quotes or not: nobody knows whether it counts seconds or milliseconds."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DATE.match(value)):
        raise ValueError("time")
    return value


# Not strict: a value that was read before is no longer JSON, and strict mode accepts times as text only in JSON.
Moment = Annotated[AwareDatetime, Strict(False), BeforeValidator(_written_time), AfterValidator(_moment)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _not_blank(text: str) -> str:
    """Refuse an id of spaces only: all guests of a store would be one customer."""
    if not text.strip():
        raise ValueError("empty")
    return text


CustomerId = Annotated[ExternalId, AfterValidator(_not_blank)]
# Free text is shown to admins and stored as it is, so whom to reach where is taken out.
Reason = Annotated[str, StringConstraints(max_length=500), AfterValidator(without_contacts)]
LineName = Annotated[str, StringConstraints(max_length=500), AfterValidator(without_addresses)]
WalletText = Annotated[str, StringConstraints(max_length=64)]
ShortText = Annotated[str, StringConstraints(max_length=200)]


def _currency(text: str) -> str:
    """Return a code in one form, so that the same order in other letters is unchanged; letters beyond ASCII stay."""
    return text.strip().upper() if text.isascii() else text


Currency = Annotated[str, StringConstraints(min_length=3, max_length=10), AfterValidator(_currency)]


class _Part(BaseModel):
    """A part of a snapshot: names in camelCase, members that the portal does not know are dropped."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        # Errors end in logs, values are of people.
        hide_input_in_errors=True,
    )


class SnapshotCustomer(_Part):
    """The buyer as the store knows one; the e-mail address is hashed on arrival and stored nowhere."""

    external_id: CustomerId | None = None
    email: Annotated[str, StringConstraints(max_length=320)] | None = None
    earlier_paid_orders: Annotated[int, Field(ge=0, le=10**9)] = 0
    wallet_address: WalletText | None = None


class SnapshotLine(_Part):
    """One line: `amount` is after every discount and before tax, for the whole quantity."""

    external_id: ExternalId
    sku: ShortText = ""
    name: LineName = ""
    vendor: ExternalId | None = None
    quantity: Annotated[int, Field(ge=1, le=10**9)]
    amount: Amount
    tax: Amount = "0"


class SnapshotRefundLine(_Part):
    """What a refund takes back of one line, before tax."""

    external_id: ExternalId
    amount: Amount


class SnapshotRefund(_Part):
    """One settled refund: `amount` is what the buyer got back."""

    id: ExternalId
    amount: Amount
    at: Moment | None = None
    reason: Reason | None = None
    lines: Annotated[tuple[SnapshotRefundLine, ...], Field(max_length=LINES_MAX)] = ()


class OrderSnapshot(_Part):
    """The whole present state of one order."""

    external_id: ExternalId
    number: ShortText = ""
    version: Annotated[int, Field(ge=0, le=VERSION_MAX)]
    created_at: Moment | None = None
    currency: Currency
    status: SnapshotStatus
    paid_at: Moment | None = None
    paid_amount: Amount = "0"
    referral_code: ShortText | None = None
    code_source: CodeSource | None = None
    coupon_codes: Annotated[tuple[ShortText, ...], Field(max_length=COUPONS_MAX)] = ()
    link_label: Annotated[str, StringConstraints(max_length=32)] | None = None
    customer: SnapshotCustomer = SnapshotCustomer()
    lines: Annotated[tuple[SnapshotLine, ...], Field(max_length=LINES_MAX)]
    shipping: Amount = "0"
    refunds: Annotated[tuple[SnapshotRefund, ...], Field(max_length=REFUNDS_MAX)] = ()
    # What a payment company calls the payment: adapters find the order of a refund by it.
    payment_key: ExternalId | None = None
