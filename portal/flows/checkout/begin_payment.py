"""Open one payment and send the buyer to the provider's form or address.

See docs/rules/payments.md.
"""

from __future__ import annotations

from models import PaymentTransaction, User
from portal.accounts import is_lower, lock_user, read_membership
from portal.db import Actor, transaction
from portal.flows.checkout.open_attempt import open_attempt
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.errors import PortalError
from portal.orders import list_order_items
from portal.payments import (
    MEMBERSHIP_CURRENCY,
    Form,
    Payment,
    PaymentProvider,
    Purchase,
    PurchaseLine,
    Redirect,
    build_membership_reference,
    callback_url,
    chargeable_price_minor,
    default_provider,
    get_provider,
    move_payment,
    open_payment,
)
from portal.settings import Settings


class TierLower(PortalError):
    """A higher tier is active; the parameters are tier, present and until."""

    code = "tier_lower"


def begin_order_payment(
    order_id: str, buyer: User, locale: str, settings: Settings, provider_name: str = ""
) -> Form | Redirect:
    """Return the form or address where a buyer pays an order, of the default provider if none is named.

    Raises OrderUnknown, AlreadyPaid, PaymentInProgress or ProviderUnknown.
    """
    provider = _provider(provider_name, settings)
    actor = Actor.user(buyer.id)
    with transaction():
        lock_user(buyer.id)
        payment = open_attempt(order_id, buyer, provider, actor)
        _redirect(payment, actor)
    lines = [
        PurchaseLine(item.name, item.unit_price_minor, item.quantity)
        for item in list_order_items(order_id)
        if item.unit_price_minor is not None
    ]
    return _begin(provider, payment, lines, buyer, locale, settings)


def begin_membership_payment(
    tier: str, buyer: User, locale: str, settings: Settings, provider_name: str = ""
) -> Form | Redirect:
    """Return the form or address where a user pays for a month of membership; the current tier is renewed.

    Raises TierUnknown, TierFree for a tier without a price, TierLower while a higher tier is active, or
    ProviderUnknown.
    """
    provider = _provider(provider_name, settings)
    price_minor = chargeable_price_minor(tier)
    current = read_membership(buyer.id)
    if is_lower(tier, current.tier):
        raise TierLower(field="tier", tier=tier, present=current.tier, until=current.until)
    reference = build_membership_reference(buyer.id, epoch_milliseconds(utc_now()))
    actor = Actor.user(buyer.id)
    with transaction():
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
        _redirect(payment, actor)
    line = PurchaseLine(f"Membership {tier}", price_minor, 1)
    return _begin(provider, payment, [line], buyer, locale, settings)


def _provider(name: str, settings: Settings) -> PaymentProvider:
    return get_provider(name, settings) if name else default_provider(settings)


def _redirect(payment: PaymentTransaction, actor: Actor) -> None:
    if payment.status == "created":
        move_payment(payment, "redirected", actor=actor)


def _begin(
    provider: PaymentProvider,
    payment: PaymentTransaction,
    lines: list[PurchaseLine],
    buyer: User,
    locale: str,
    settings: Settings,
) -> Form | Redirect:
    purchase = Purchase(
        lines,
        locale,
        buyer.email or "",
        return_url=f"{settings.app_url}/{locale}/checkout/return/{payment.order_reference}",
        callback_url=callback_url(provider, settings),
    )
    return provider.begin(Payment.of(payment), purchase)
