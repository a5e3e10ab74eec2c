"""The review of an order before payment, as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.payments import INTERNAL_CREDIT
from portal.web.text.format import money
from portal.web.text.messages import guard_text, referral_reason
from portal.web.text.orders import OrderItemView
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from portal.catalogue import PricedLine
    from portal.flows.checkout.decide_attribution import Attribution
    from portal.payments import PaymentProvider


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A line of the order under review."""

    name: str
    quantity: int
    subtotal: str


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One guard of an attribution decision; `result` is passed or failed."""

    result: str
    text: str


@dataclass(frozen=True, slots=True)
class ReferralView:
    """Who is credited for an order, or why nobody is.

    `code` is None when nobody is credited. `earns_reward` means that the order earns its owner a reward, `is_entered`
    that the buyer typed the code at checkout, `can_enter` that a code may still be typed.
    """

    code: str | None
    referrer: str
    reason: str
    earns_reward: bool
    is_entered: bool
    can_enter: bool
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A payment provider that the buyer can choose."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class CreditView:
    """Paying by internal credit: whether the balance covers the order, and what it means for the balance."""

    label: str
    covers: bool
    text: str


@dataclass(frozen=True, slots=True)
class PayChoice:
    """The ways to pay an unpaid order, or in `problem` why it cannot be paid now."""

    order_id: str
    items: tuple[OrderItemView, ...]
    problem: str
    review_token: str
    providers: tuple[ProviderView, ...]
    credit: CreditView | None


def review_lines(lines: Sequence[PricedLine]) -> list[ReviewLine]:
    """Return the lines of an order under review."""
    return [ReviewLine(line.name, line.quantity, money(line.subtotal_minor, line.currency)) for line in lines]


def referral_view(attribution: Attribution, *, earns_reward: bool) -> ReferralView:
    """Return a previewed attribution. See docs/rules/attribution.md."""
    decision, code = attribution.decision, attribution.code
    return ReferralView(
        code=code.code if code else None,
        referrer=attribution.referrer_name,
        reason=referral_reason(decision.reason) if decision.reason else "",
        earns_reward=earns_reward,
        is_entered=code is not None and attribution.source == "entered",
        can_enter=code is None and decision.reason != "not_first_purchase",
        trace=tuple(
            TraceStep("passed" if step.passed else "failed", guard_text(vars(step)))
            for step in decision.trace
        ),
    )


def provider_view(provider: PaymentProvider) -> ProviderView:
    """Return a payment provider with its label in the reader's language."""
    return ProviderView(provider.name, _(provider.label))


def credit_view(balance_minor: int, total_minor: int, currency: str) -> CreditView:
    """Return what paying an order by credit does to a balance, both in minor units."""
    before = money(balance_minor, currency)
    if balance_minor < total_minor:
        return CreditView(
            label=_(INTERNAL_CREDIT.label),
            covers=False,
            text=_("Your balance is %(balance)s. That does not cover this order.", balance=before),
        )
    after = money(balance_minor - total_minor, currency)
    return CreditView(
        label=_(INTERNAL_CREDIT.label),
        covers=True,
        text=_("Balance: %(before)s now, %(after)s after this order.", before=before, after=after),
    )
