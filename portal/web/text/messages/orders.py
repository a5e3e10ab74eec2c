"""Errors of the cart, orders, membership and referral codes."""

from __future__ import annotations

from portal.web.text.format import moment
from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.messages.referrals import referral_reason
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

ORDERS_ERRORS: ErrorTable = {
    "cart_empty": Answer(422, lambda p: _("Your cart is empty. Add a product first.")),
    "cart_too_long": Answer(
        422, lambda p: _("An order can have at most %(at_most)s different products.", **p)
    ),
    "code_blocked": Answer(409, lambda p: _("An admin deactivated this code. Reason: %(reason)s", **p)),
    "code_malformed": Answer(400, lambda p: _("A referral code has 1 to 64 characters.")),
    "code_unknown": Answer(404, lambda p: _("This referral code is unknown or no longer active.")),
    "currency_mixed": Answer(422, lambda p: _("Products in different currencies need separate orders.")),
    "entered_code_malformed": Answer(
        422,
        lambda p: _(
            "A referral code has 8 letters and digits, never 0, O, 1, l or I. Upper and lower case are different."
        ),
    ),
    "entered_code_refused": Answer(422, lambda p: referral_reason(p["refusal"])),
    "first_touch_kept": Answer(
        422,
        lambda p: _(
            "You first came here with referral code %(kept)s, and the first code counts. It cannot be replaced.",
            **p,
        ),
    ),
    "items_malformed": Answer(422, lambda p: _("Send items as a list of product and quantity.")),
    "order_reference_invalid": Answer(422, lambda p: _("This is not an order reference.")),
    "order_unknown": Answer(404, lambda p: _("This order does not exist or is not yours.")),
    "product_missing": Answer(404, lambda p: _("This product does not exist.")),
    "product_unknown": Answer(404, lambda p: _("Product %(product)s is not for sale.", **p)),
    "quantity_invalid": Answer(422, lambda p: _("Enter a whole number from 1 to %(at_most)s.", **p)),
    "stock_short": Answer(
        409,
        lambda p: ngettext(
            "Only %(num)s of %(product)s is left.",
            "Only %(num)s of %(product)s are left.",
            p["available"],
            product=p["product"],
        ),
    ),
    "store_unknown": Answer(404, lambda p: _("This store does not exist.")),
    "tier_free": Answer(409, lambda p: _("This tier is free: there is nothing to pay.")),
    "tier_lower": Answer(
        409,
        lambda p: _(
            "You have %(present)s until %(until)s. Choose %(tier)s when it ends.",
            present=p["present"],
            tier=p["tier"],
            until=moment(p["until"]),
        ),
    ),
    "tier_unknown": Answer(422, lambda p: _("Choose one of the membership tiers.")),
}
