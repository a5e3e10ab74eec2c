"""Why a payment callback was refused or left unmatched, in words."""

from __future__ import annotations

from portal.web.text.translate import gettext as _


def callback_refusal(reason: str | None) -> str:
    """Return why a payment callback was refused or left unmatched, in words."""
    return {
        "malformed": _("The message could not be read."),
        "bad_signature": _("The signature is wrong."),
        "wrong_merchant": _("The message is for another merchant."),
        "wrong_amount": _("The amount differs from the order."),
        "wrong_currency": _("The currency differs from the order."),
        "unknown_reference": _("No payment has this reference."),
        "unknown_status": _("The provider sent an unknown status."),
        "paid_by_other_means": _("The reference was paid in another way."),
        "order_paid_already": _(
            "The order was paid by another attempt already: this money came twice. Refund it at the provider."
        ),
        "statement_not_open": _(
            "The statement was paid or voided before this payment: refund it to the vendor at the provider."
        ),
        "refund": _("A refund was reported before the portal could handle refunds. Process it manually."),
        "refund_exceeds": _("The refund is larger than what is left of the payment."),
        "refund_waits": _("The refund came before its payment and waits for it."),
    }.get(reason or "", reason or "")
