"""The protocol of payment providers: methods, and values in the portal's vocabulary.

Providers live in `portal/payments/providers/<name>/`; its README says how to add one. See docs/rules/payments.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from portal.payments.simulator import Simulator

if TYPE_CHECKING:
    from models import PaymentTransaction

MERCHANT_REDIRECT = "merchant_redirect"

# `refunding` leaves a payment as it is; `unknown` is a status the portal has no rule for.
CallbackStatus = Literal["pending", "paid", "failed", "cancelled", "refunded", "refunding", "unknown"]
RefusalReason = Literal["malformed", "bad_signature", "wrong_merchant"]
UnclearReason = Literal["unreachable", "unreadable", "bad_signature", "wrong_payment", "unknown_payment"]


@dataclass(frozen=True)
class Payment:
    """A payment as its provider knows it; the amount is in minor units."""

    order_reference: str
    amount_minor: int
    currency: str

    @classmethod
    def of(cls, row: PaymentTransaction) -> Payment:
        """Return the payment of a stored transaction."""
        return cls(row.order_reference, row.amount_minor, row.currency)


@dataclass(frozen=True)
class PurchaseLine:
    """One product of a purchase: its name, unit price in minor units and count."""

    name: str
    unit_price_minor: int
    count: int


@dataclass(frozen=True)
class Purchase:
    """What is bought, by whom, and where the provider sends the browser and its callbacks."""

    lines: Sequence[PurchaseLine]
    locale: str
    buyer_email: str
    return_url: str
    callback_url: str


@dataclass(frozen=True)
class Form:
    """A form the browser posts to the provider; array fields are lists under names such as `productName[]`."""

    order_reference: str
    action: str
    fields: Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Redirect:
    """An address at the provider the browser is sent to."""

    order_reference: str
    url: str


@dataclass(frozen=True)
class RawCallback:
    """A callback as it arrived: the name of the provider it is addressed to, the raw body and the headers."""

    provider: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Callback:
    """An authentic callback.

    `amount_minor` is None where the text is no amount of the currency. Equal `fingerprint`s are one event.
    `payload` is the body as it is stored; `read_stored` returns an equal callback from it.
    """

    order_reference: str
    status: CallbackStatus
    amount_minor: int | None
    currency: str
    fingerprint: str
    reason: str | None
    payload: str


@dataclass(frozen=True)
class Refusal:
    """A callback that is not acted on; `is_authentic` where the provider did sign it."""

    reason: RefusalReason
    order_reference: str | None = None
    is_authentic: bool = False


@dataclass(frozen=True)
class CallbackText:
    """A stored callback in the provider's own words, for people; `payload` is laid out, secrets masked."""

    status: str
    amount: str
    currency: str
    reason_code: str
    payload: str


@dataclass(frozen=True)
class CallbackSchemas:
    """JSON schemas for the API's description: a callback's body and the acknowledgement."""

    body: Mapping[str, Any]
    acknowledgement: Mapping[str, Any]


@dataclass(frozen=True)
class Unclear:
    """The provider gave no answer that can be relied on: nothing is decided by it."""

    reason: UnclearReason
    detail: str = ""


@dataclass(frozen=True)
class StatusReport:
    """What the provider says of a payment now; `refunded_minor` is its own sum of refunds where it states one."""

    callback: Callback
    refunded_minor: int | None


@dataclass(frozen=True)
class RefundAnswer:
    """What the provider says of a refund: `pending` decides nothing yet."""

    status: Literal["refunded", "refused", "pending"]
    reason: str | None = None


def storable_text(body: bytes) -> str:
    """Return a body as text that the database can hold."""
    # PostgreSQL text cannot hold NUL; bytes that are not UTF-8 stay visible as an escape.
    return body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


class PaymentMethod(Protocol):
    """A way of paying: `name` is stored and part of addresses, `label` is a message of the catalogues."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def rail(self) -> str:
        """Return the value of `payment_transactions.rail`."""


class SynchronousMethod(PaymentMethod, Protocol):
    """A way of paying that takes and returns money within the portal's own transaction."""

    def charge(self, payment: Payment, user_id: int) -> None:
        """Take the money of a payment from its buyer; raise a PortalError and change nothing if that fails."""

    def give_back(self, payment: Payment, user_id: int, amount_minor: int, refund_id: int) -> None:
        """Return part of a payment to its buyer, once per refund; the amount is in minor units."""


class PaymentProvider(PaymentMethod, Protocol):
    """A company that takes the money on its own page and reports what became of it."""

    @property
    def is_configured(self) -> bool:
        """Return whether the settings name a real merchant, not the published test one."""

    @property
    def setting_names(self) -> tuple[str, ...]:
        """Return the environment variables a new deployment must fill in."""

    @property
    def simulator(self) -> Simulator | None:
        """Return the simulator of the provider's page and API; None unless development uses it."""

    def form_origins(self) -> tuple[str, ...]:
        """Return the origins the browser is sent to, for the content security policy."""

    def begin(self, payment: Payment, purchase: Purchase) -> Redirect | Form:
        """Return where the browser goes to pay."""

    def read_callback(self, raw: RawCallback) -> Callback | Refusal:
        """Verify a callback and return it in the portal's vocabulary, or why it is refused."""

    def read_stored(self, payload: str) -> Callback:
        """Return a callback that was verified before it was stored; raise PortalError if it cannot be read."""

    def describe_callback(self, payload: str) -> CallbackText | None:
        """Return a stored callback, authentic or not, for reading; None if it cannot be read."""

    def acknowledge(self, callback: Callback) -> Mapping[str, str | int]:
        """Return the JSON answer that tells the provider its callback is durable."""

    def check_status(self, payment: Payment) -> StatusReport | Unclear:
        """Ask the provider what became of a payment."""

    def refund(self, payment: Payment, amount_minor: int, comment: str) -> RefundAnswer | Unclear:
        """Ask the provider to return part of a payment; the amount is in minor units."""

    def sample_callback(self, payment: Payment, status: CallbackStatus, comment: str) -> RawCallback:
        """Return a callback signed as the provider signs it, for the smoke checks."""

    def callback_schemas(self) -> CallbackSchemas:
        """Return the JSON schemas of a callback and of its acknowledgement."""

    def dev_description(self) -> Mapping[str, str]:
        """Return what a tool needs to act as the provider, for the description of a development portal."""
