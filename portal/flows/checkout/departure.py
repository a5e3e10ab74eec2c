"""Send a payer from an opened payment to its provider."""

from __future__ import annotations

from collections.abc import Sequence

from models import PaymentTransaction, User
from portal.db import Actor
from portal.payments import (
    Form,
    Payment,
    PaymentProvider,
    Purchase,
    PurchaseLine,
    Redirect,
    callback_url,
    move_payment,
)
from portal.settings import Settings


def mark_redirected(payment: PaymentTransaction, actor: Actor) -> None:
    """Record that the payer leaves for the provider, in the transaction that opened the payment."""
    if payment.status == "created":
        move_payment(payment, "redirected", actor=actor)


def depart(
    provider: PaymentProvider,
    payment: PaymentTransaction,
    lines: Sequence[PurchaseLine],
    payer: User,
    locale: str,
    settings: Settings,
) -> Form | Redirect:
    """Return the form or address at the provider; call it after the payment is committed."""
    purchase = Purchase(
        lines,
        locale,
        payer.email or "",
        return_url=f"{settings.app_url}/{locale}/checkout/return/{payment.order_reference}",
        callback_url=callback_url(provider, settings),
    )
    return provider.begin(Payment.of(payment), purchase)
