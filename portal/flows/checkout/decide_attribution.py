"""Decide which referrer a purchase is credited to: in the checkout preview, at order creation and at payment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import Order, Refcode, User
from portal.accounts import find_user, list_wallet_addresses
from portal.attribution import (
    SAME_MAILBOX,
    AttributionFacts,
    Decision,
    choose_code,
    run_guards,
    trace_as_json,
)
from portal.codes import resolve_code
from portal.flows.accounts.code_state import code_state
from portal.orders import has_other_paid_order
from portal.settings import Settings
from portal.stores import BUILT_IN_STORE_ID, find_customer_of_user


@dataclass(frozen=True)
class Attribution:
    """A decision with the code it credits, None unless the referral applies."""

    decision: Decision
    code: Refcode | None

    @property
    def source(self) -> str | None:
        """Return the origin of the code: cookie, account or entered; None without a code."""
        return self.decision.trace[0].source

    @property
    def referrer_name(self) -> str:
        """Return the name of the credited referrer, empty without one and where only a store knows them."""
        is_known = self.code is not None and self.code.wallet_address != ""
        referrer = find_user(self.code.owner_user_id) if self.code and is_known else None
        return referrer.name if referrer else ""


def preview_attribution(
    buyer: User, cookie_code: str | None, settings: Settings, *, entered_code: str | None = None
) -> Attribution:
    """Decide the attribution of a purchase that a user is about to make in the built-in shop.

    `entered_code` is one that `check_entered_code` accepted. See docs/rules/attribution.md.
    """
    code, source = choose_code(
        cookie_code,
        buyer.referred_by_code,
        account_fallback=settings.referral_account_fallback,
        entered=entered_code,
    )
    customer = find_customer_of_user(buyer.id)
    has_paid = customer is not None and has_other_paid_order(BUILT_IN_STORE_ID, customer.id, None)
    return _decide(buyer.id, code, source, has_earlier_paid_order=has_paid)


def confirm_attribution(order: Order, source: Any, paid_at: datetime | None = None) -> Attribution:
    """Decide the attribution of an order again at payment; the caller has locked the buyer.

    An order that was paid later, though reported earlier, is no earlier purchase.
    """
    has_paid = has_other_paid_order(order.store_id, order.customer_id, order.id, paid_by=paid_at)
    return _decide(order.buyer_user_id, order.referral_code, source, has_earlier_paid_order=has_paid)


def source_of(order: Order) -> Any:
    """Return the origin of the code of an order, None without one."""
    return source_in(order.referral_trace)


def source_in(trace: list[dict[str, Any]]) -> Any:
    """Return the origin of the code in a decision trace, None without one."""
    return next((step.get("source") for step in trace if step["guard"] == "code_known"), None)


def is_buyer_known(trace: list[dict[str, Any]]) -> bool:
    """Return whether a decision trace knows anything by which the buyer's other orders are found."""
    return all(step.get("detail") != "customer_unknown" for step in trace)


def is_same_mailbox(trace: list[dict[str, Any]]) -> bool:
    """Return whether a decision trace found that buyer and referrer read one mailbox."""
    return any(step.get("detail") == SAME_MAILBOX for step in trace)


def staged_trace(decision: Decision, stage: str) -> list[dict[str, Any]]:
    """Return a decision's trace for storage, each step marked with its stage: order or payment."""
    return [{**step, "stage": stage} for step in trace_as_json(decision)]


def _decide(
    buyer_user_id: int | None, code: str | None, source: Any, *, has_earlier_paid_order: bool
) -> Attribution:
    row = resolve_code(code) if code else None
    facts = AttributionFacts(
        code=row.code if row else code,
        code_source=source,
        code_state=code_state(row) if row else None,
        referrer_user_id=row.owner_user_id if row else None,
        referrer_wallet=row.wallet_address if row else None,
        buyer_user_id=buyer_user_id,
        buyer_wallets=frozenset(list_wallet_addresses(buyer_user_id) if buyer_user_id is not None else ()),
        has_earlier_paid_order=has_earlier_paid_order,
    )
    decision = run_guards(facts)
    return Attribution(decision, row if decision.applied else None)
