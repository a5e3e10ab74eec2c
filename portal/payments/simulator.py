"""What a provider's simulator offers to the development pages: its page, its callbacks and its API, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from portal.lib.errors import PortalError

if TYPE_CHECKING:
    from models import PaymentTransaction

FindPayment = Callable[[str], "PaymentTransaction | None"]
Fields = Mapping[str, Sequence[str]]


class PurchaseRefused(PortalError):
    """The provider's page would not open: a field or the signature is missing or wrong (params reason_code)."""

    code = "purchase_refused"


@dataclass(frozen=True)
class Behaviour:
    """How callbacks are sent: copies of the genuine one, seconds to wait, and which bad ones precede it."""

    copies: int = 1
    delay_seconds: int = 0
    refund_amount: str = ""
    reorder: bool = False
    forge: bool = False
    wrong_amount: bool = False
    wrong_currency: bool = False
    unknown_reference: bool = False


@dataclass(frozen=True)
class SimulatedPurchase:
    """A verified purchase form as the simulated page shows it; lines are name, count and price."""

    merchant: str
    order_reference: str
    amount: str
    currency: str
    lines: Sequence[tuple[str, str, str]]
    return_url: str


@dataclass(frozen=True)
class SimulatedCallback:
    """A callback to send: a label for the page, the body, and the headers the provider sends."""

    label: str
    body: bytes
    headers: Mapping[str, str]


class Simulator(Protocol):
    """Simulates one provider; it verifies and signs as the provider does."""

    def read_purchase(self, fields: Fields) -> SimulatedPurchase:
        """Verify a posted purchase form; raise PurchaseRefused."""

    def refuse_used(self) -> PurchaseRefused:
        """Return the refusal of a reference that was used before."""

    def callbacks(
        self, outcome: str, purchase: SimulatedPurchase, behaviour: Behaviour
    ) -> list[SimulatedCallback]:
        """Return the callbacks about a purchase in the order they are sent.

        `outcome` is pay, decline, pending, expire or refund.
        """

    def answer_api(self, body: Mapping[str, object], find_payment: FindPayment) -> Mapping[str, object]:
        """Return the answer of the provider's JSON API; the portal's payments are its books."""
