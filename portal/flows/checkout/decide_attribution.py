"""Decide who is credited with a purchase: at order creation, in the checkout preview, and again at payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models import Order, Refcode, User
from portal.accounts import find_user, list_wallet_addresses
from portal.attribution import AttributionFacts, Decision, choose_code, run_guards, trace_as_json
from portal.codes import find_code
from portal.orders import has_other_paid_order
from portal.settings import Settings


@dataclass(frozen=True)
class Attribution:
    """A decision with the code it credits, None unless the referral applies."""

    decision: Decision
    code: Refcode | None

    @property
    def source(self) -> str | None:
        """Where the code came from: cookie, account or entered; None without one."""
        return self.decision.trace[0].source

    @property
    def referrer_name(self) -> str:
        referrer = find_user(self.code.owner_user_id) if self.code else None
        return referrer.name if referrer else ""


def preview_attribution(
    buyer: User, cookie_code: str | None, settings: Settings, *, entered_code: str | None = None
) -> Attribution:
    """Decide about a purchase a buyer is about to make, guards included (SPEC section 2.4).

    `entered_code` is one that `check_entered_code` has accepted.
    """
    code, source = choose_code(
        cookie_code,
        buyer.referred_by_code,
        account_fallback=settings.referral_account_fallback,
        entered=entered_code,
    )
    return _decide(buyer.id, code, source, order_id=None)


def confirm_attribution(order: Order, source: Any) -> Attribution:
    """Decide again about an attributed order that is being paid; the caller holds the buyer's lock."""
    return _decide(order.buyer_user_id, order.referral_code, source, order_id=order.id)


def staged_trace(decision: Decision, stage: str) -> list[dict[str, Any]]:
    """Return a decision's trace for storage, each step marked with its stage: order or payment."""
    return [{**step, "stage": stage} for step in trace_as_json(decision)]


def _decide(buyer_id: int, code: str | None, source: Any, *, order_id: str | None) -> Attribution:
    row = find_code(code) if code else None
    facts = AttributionFacts(
        code=code,
        code_source=source,
        code_state=None if row is None else "active" if row.active else "inactive",
        referrer_user_id=row.owner_user_id if row else None,
        referrer_wallet=row.wallet_address if row else None,
        buyer_user_id=buyer_id,
        buyer_wallets=frozenset(list_wallet_addresses(buyer_id)),
        has_earlier_paid_order=has_other_paid_order(buyer_id, order_id),
    )
    decision = run_guards(facts)
    return Attribution(decision, row if decision.applied else None)
