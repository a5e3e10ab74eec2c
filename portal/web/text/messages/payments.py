"""Errors of payments, credit, callbacks and refunds."""

from __future__ import annotations

from portal.web.text.format import money, number
from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.messages.callbacks import callback_refusal
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext


def _amount_invalid(params: Params) -> str:
    if params.get("decimals") == 0:
        return _("An amount in %(currency)s has no decimals.", currency=params["currency"])
    if "decimals" in params:
        return ngettext(
            "An amount in %(currency)s has at most %(num)s decimal.",
            "An amount in %(currency)s has at most %(num)s decimals.",
            params["decimals"],
            currency=params["currency"],
        )
    if "ambiguous" in params:
        return _("The comma may separate thousands or decimals. Write 1234.50 or 1 234,50.")
    if "at_most" in params:
        return _("Enter an amount of up to %(at_most)s.", at_most=number(params["at_most"]))
    if "is_sent" in params:
        # In every language as the API reads it: a decimal comma is refused there.
        return _('Send a positive amount as digits with a decimal point, such as "12.50".')
    return _("Enter a positive amount such as 12.50.")


PAYMENTS_ERRORS: ErrorTable = {
    "already_paid": Answer(409, lambda p: _("This order is already paid.")),
    "amount_invalid": Answer(422, _amount_invalid),
    "callback_closed": Answer(409, lambda p: _("This callback was already handled.")),
    "callback_refused": Answer(400, lambda p: callback_refusal(p.get("reason"))),
    "callback_unknown": Answer(404, lambda p: _("This callback does not exist.")),
    "credit_amount_invalid": Answer(
        422,
        lambda p: _(
            "Enter an amount above zero and up to %(at_most)s, with at most %(decimals)s decimals.",
            at_most=number(p["at_most"]),
            decimals=p["decimals"],
        ),
    ),
    "credit_key_invalid": Answer(
        409, lambda p: _("This form was already used. Reload the page to add credit again.")
    ),
    "credit_changed": Answer(
        409, lambda p: _("The credit has changed in the meantime. Check the balance and decide again.")
    ),
    "credit_short": Answer(409, lambda p: _("Your credit does not cover this order.")),
    "currency_unknown": Answer(
        422,
        lambda p: _(
            "The currency %(currency)s is unknown. Use an ISO 4217 code such as UAH, USD or JPY, or USDT or USDC.",
            **p,
        ),
    ),
    "not_refundable": Answer(409, lambda p: _("There is nothing left to refund on this payment.")),
    "not_reported": Answer(409, lambda p: _("No connected store reported this payment. Refund it instead.")),
    "payment_in_progress": Answer(
        409,
        lambda p: _("The provider is still checking your payment of this order. Wait for the result."),
    ),
    "payment_unknown": Answer(404, lambda p: _("This payment does not exist or is not yours.")),
    "provider_unclear": Answer(
        503, lambda p: _("The payment provider gave no clear answer, so nothing has changed.")
    ),
    "provider_unknown": Answer(404, lambda p: _("This way of paying is not available here.")),
    "purchase_refused": Answer(422, lambda p: _("The payment provider would reject this order.")),
    "rail_failure_unknown": Answer(404, lambda p: _("This failure does not exist.")),
    "rate_missing": Answer(422, lambda p: _("There is no exchange rate for %(currency)s.", **p)),
    "refund_key_invalid": Answer(
        409, lambda p: _("This form was already used. Reload the page to start another refund.")
    ),
    "refund_too_large": Answer(
        422, lambda p: _("You can refund at most %(left)s.", left=money(p["left_minor"], p["currency"]))
    ),
}
