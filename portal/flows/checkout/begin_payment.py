"""Open one payment and send the buyer to the provider's form or address.

See docs/rules/payments.md.
"""

from __future__ import annotations

from models import User
from portal.accounts import is_lower, lock_enabled_user, read_membership
from portal.db import Actor, transaction
from portal.flows.checkout.check_order import require_payable
from portal.flows.checkout.departure import depart, mark_redirected
from portal.flows.checkout.open_attempt import open_attempt
from portal.flows.checkout.review import Review, require_same, review_order
from portal.flows.checkout.settle_payment import complete_if_free
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.errors import PortalError
from portal.orders import get_order, get_order_of_buyer, list_order_items
from portal.payments import (
    MEMBERSHIP_CURRENCY,
    Form,
    PurchaseLine,
    Redirect,
    build_membership_reference,
    chargeable_price_minor,
    offered_provider,
    open_payment,
)
from portal.settings import Settings


class TierLower(PortalError):
    """A higher tier is active; the parameters are tier, present and until."""

    code = "tier_lower"


def begin_order_payment(
    order_id: str,
    buyer: User,
    locale: str,
    settings: Settings,
    provider_name: str = "",
    *,
    reviewed: Review | None = None,
) -> Form | Redirect:
    """Return the form or address where a buyer pays an order, of the default provider if none is named.

    A free order is completed, and the address is its page here. Raises OrderUnknown, PaymentInProgress,
    ProviderUnknown, what `require_payable` raises, and ReviewChanged if the buyer has reviewed something else.
    """
    provider = offered_provider(provider_name, settings)
    actor = Actor.user(buyer.id)
    order = get_order_of_buyer(order_id, buyer.id)
    if complete_if_free(order, buyer, settings):
        reference = get_order(order_id).order_reference
        return Redirect(reference, f"{settings.app_url}/{locale}/checkout/processing/{reference}")
    with transaction():
        lock_enabled_user(buyer.id)
        order = get_order_of_buyer(order_id, buyer.id)
        require_payable(order, settings)
        if reviewed is not None:
            require_same(reviewed, review_order(order, settings))
        payment = open_attempt(order_id, buyer, provider, actor)
        mark_redirected(payment, actor)
    lines = [
        PurchaseLine(item.name, item.unit_price_minor, item.quantity)
        for item in list_order_items(order_id)
        if item.unit_price_minor is not None
    ]
    return depart(provider, payment, lines, buyer, locale, settings)


def begin_membership_payment(
    tier: str, buyer: User, locale: str, settings: Settings, provider_name: str = ""
) -> Form | Redirect:
    """Return the form or address where a user pays for a month of membership; the current tier is renewed.

    Raises TierUnknown, TierFree for a tier without a price, TierLower while a higher tier is active, or
    ProviderUnknown.
    """
    provider = offered_provider(provider_name, settings)
    price_minor = chargeable_price_minor(tier)
    current = read_membership(buyer.id)
    if is_lower(tier, current.tier):
        raise TierLower(field="tier", tier=tier, present=current.tier, until=current.until)
    reference = build_membership_reference(buyer.id, epoch_milliseconds(utc_now()))
    actor = Actor.user(buyer.id)
    with transaction():
        lock_enabled_user(buyer.id)
        payment = open_payment(
            reference,
            purpose="membership_upgrade",
            method=provider,
            entity_id=str(buyer.id),
            user_id=buyer.id,
            amount_minor=price_minor,
            currency=MEMBERSHIP_CURRENCY,
            actor=actor,
            detail={"tier": tier},
        )
        mark_redirected(payment, actor)
    line = PurchaseLine(f"Membership {tier}", price_minor, 1)
    return depart(provider, payment, [line], buyer, locale, settings)
