"""Send a buyer to the provider: one open transaction and a signed purchase form (WAYFORPAY: purchase)."""

from __future__ import annotations

from dataclasses import dataclass

from models import Order, PaymentTransaction, User
from portal.accounts import is_lower, lock_user, read_membership
from portal.db import Actor, transaction
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.errors import PortalError
from portal.orders import change_reference, get_order, get_order_of_buyer, list_order_items
from portal.payments import (
    MEMBERSHIP_CURRENCY,
    PaymentInProgress,
    build_membership_reference,
    build_order_reference,
    chargeable_price_minor,
    find_payment,
    move_payment,
    open_payment,
    parse_reference,
)
from portal.payments.providers.wayforpay.messages import PurchaseLine, purchase_form
from portal.settings import Settings


class TierLower(PortalError):
    """A higher tier runs; params tier, present and until."""

    code = "tier_lower"


@dataclass(frozen=True)
class PurchaseForm:
    """A form the browser posts to the provider; array fields are lists under names such as `productName[]`."""

    action: str
    fields: dict[str, str | list[str]]
    order_reference: str


def begin_order_payment(order_id: str, buyer: User, locale: str, settings: Settings) -> PurchaseForm:
    """Return the purchase form of a buyer's order; raise OrderUnknown, AlreadyPaid or PaymentInProgress.

    After a declined or expired attempt the order gets a new reference: the provider takes each only once.
    """
    actor = Actor.user(buyer.id)
    with transaction():
        lock_user(buyer.id)
        order = _with_fresh_reference(get_order_of_buyer(order_id, buyer.id), actor)
        payment = open_payment(
            order.order_reference,
            purpose="store_order",
            processor="wayforpay",
            entity_id=order.id,
            user_id=buyer.id,
            amount_minor=order.total_minor,
            currency=order.currency,
            actor=actor,
        )
        _redirect(payment, actor)
    lines = [
        PurchaseLine(item.name, item.unit_price_minor, item.quantity)
        for item in list_order_items(order.id)
        if item.unit_price_minor is not None
    ]
    return _form(payment, lines, buyer, locale, settings)


def begin_membership_payment(tier: str, buyer: User, locale: str, settings: Settings) -> PurchaseForm:
    """Return the purchase form of a month of membership; the present tier again is a renewal.

    Raises TierUnknown, TierFree for a tier without a price, or TierLower while a higher tier runs.
    """
    price_minor = chargeable_price_minor(tier)
    present = read_membership(buyer.id)
    if is_lower(tier, present.tier):
        raise TierLower(field="tier", tier=tier, present=present.tier, until=present.until)
    reference = build_membership_reference(buyer.id, epoch_milliseconds(utc_now()))
    actor = Actor.user(buyer.id)
    with transaction():
        payment = open_payment(
            reference,
            purpose="membership_upgrade",
            processor="wayforpay",
            entity_id=str(buyer.id),
            user_id=buyer.id,
            amount_minor=price_minor,
            currency=MEMBERSHIP_CURRENCY,
            actor=actor,
            detail={"tier": tier},
        )
        _redirect(payment, actor)
    return _form(payment, [PurchaseLine(f"Membership {tier}", price_minor, 1)], buyer, locale, settings)


def _with_fresh_reference(order: Order, actor: Actor) -> Order:
    last = find_payment(order.order_reference)
    if last is None or last.processor != "wayforpay":
        return order
    if last.status == "pending":
        raise PaymentInProgress
    if last.status in ("failed", "cancelled"):
        used = parse_reference(order.order_reference).milliseconds
        fresh = build_order_reference(order.id, max(used + 1, epoch_milliseconds(utc_now())))
        change_reference(order.id, fresh, actor)
    return get_order(order.id)


def _redirect(payment: PaymentTransaction, actor: Actor) -> None:
    if payment.status == "created":
        move_payment(payment, "redirected", actor=actor)


def _form(
    payment: PaymentTransaction, lines: list[PurchaseLine], buyer: User, locale: str, settings: Settings
) -> PurchaseForm:
    fields = purchase_form(
        secret=settings.wayforpay_secret_key.get_secret_value(),
        merchant_account=settings.wayforpay_merchant_account,
        merchant_domain=settings.wayforpay_domain,
        order_reference=payment.order_reference,
        order_date=int(utc_now().timestamp()),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        lines=lines,
        locale=locale,
        return_url=f"{settings.app_url}/{locale}/checkout/return/{payment.order_reference}",
        service_url=f"{settings.app_url}/api/payments/wayforpay/webhook",
        client_email=buyer.email or "",
    )
    return PurchaseForm(settings.wayforpay_form_url, fields, payment.order_reference)
