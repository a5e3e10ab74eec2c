"""Errors of the cart, orders, membership and referral codes."""

from __future__ import annotations

from portal.web.text.format import moment, money
from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.messages.referrals import referral_reason
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext


def _stock_short(params: Params) -> str:
    if not params["available"]:
        return _("%(product)s is sold out.", product=params["product"])
    return ngettext(
        "Only %(num)s of %(product)s is left.",
        "Only %(num)s of %(product)s are left.",
        params["available"],
        product=params["product"],
    )


def _price_changed(params: Params) -> str:
    return _(
        "The price of %(product)s has changed from %(before)s to %(now)s.",
        product=params["product"],
        before=money(params["before_minor"], params["before_currency"]),
        now=money(params["now_minor"], params["now_currency"]),
    )


def _quantity_changed(params: Params) -> str:
    return _(
        "The quantity of %(product)s has changed from %(before)s to %(now)s.",
        product=params["product"],
        before=params["before"],
        now=params["now"],
    )


def _total_changed(params: Params) -> str:
    return _(
        "The total has changed from %(before)s to %(now)s.",
        before=money(params["before_minor"], params["before_currency"]),
        now=money(params["now_minor"], params["now_currency"]),
    )


def _referral_changed(params: Params) -> str:
    before, now = params["before"], params["now"]
    if before and now:
        return _("Referral code %(now)s is credited instead of %(before)s.", now=now, before=before)
    if now:
        return _("Referral code %(code)s is credited now.", code=now)
    return _("Referral code %(code)s is no longer credited.", code=before)


def _fulfilment_order_status(params: Params) -> str:
    return {
        "created": _("The order is not paid yet, so nothing can be delivered."),
        "paid": _("The order is paid."),
        "cancelled": _("The order was cancelled before it was paid, so there is nothing to deliver."),
        "refunded": _("The order was refunded, so there is nothing left to deliver."),
    }[params["order_status"]]


def _fulfilment_status_conflict(params: Params) -> str:
    return {
        "open": _("These lines are open: neither delivered nor cancelled."),
        "delivered": _("These lines are already marked as delivered. Reopen them first."),
        "cancelled": _("These lines are already cancelled. Reopen them first."),
        "closed": _("An admin has closed this cancellation. It cannot be changed."),
    }[params["delivery_status"]]


ORDERS_ERRORS: ErrorTable = {
    "alias_code_inactive": Answer(409, lambda p: _("This code is inactive. Activate it first.")),
    "alias_confusable": Answer(
        422,
        lambda p: _("“%(alias)s” looks like another alias or like a referral code. Choose another one.", **p),
    ),
    "alias_malformed": Answer(
        422,
        lambda p: _(
            "An alias has %(at_least)s to %(at_most)s Latin letters, digits and single hyphens, such as ANNA-SHOP.",
            **p,
        ),
    ),
    "alias_reserved": Answer(
        422,
        lambda p: _(
            "“%(alias)s” is reserved: it could be taken for the portal, for a store or for a general coupon.",
            **p,
        ),
    ),
    "alias_taken": Answer(
        409,
        lambda p: _("“%(alias)s” is in use, or was within the last year. Choose another one.", **p),
    ),
    "alias_too_many": Answer(
        422,
        lambda p: _(
            "A code can get %(at_most)s aliases in %(days)s days, since each one stays blocked for a year. Try later.",
            **p,
        ),
    ),
    "cart_empty": Answer(422, lambda p: _("Your cart is empty. Add a product first.")),
    "cart_too_long": Answer(
        422, lambda p: _("An order can have at most %(at_most)s different products.", **p)
    ),
    "code_blocked": Answer(409, lambda p: _("An admin deactivated this code. Reason: %(reason)s", **p)),
    "code_malformed": Answer(400, lambda p: _("A referral code has 1 to 64 characters.")),
    "code_unknown": Answer(404, lambda p: _("This referral code is unknown or no longer active.")),
    "currency_mixed": Answer(422, lambda p: _("Products in different currencies need separate orders.")),
    "delivery_address_invalid": Answer(
        422, lambda p: _("Enter the address, with at most %(at_most)s characters.", **p)
    ),
    "delivery_name_invalid": Answer(
        422, lambda p: _("Enter the name of the recipient, with at most %(at_most)s characters.", **p)
    ),
    "delivery_phone_invalid": Answer(
        422,
        lambda p: _(
            "Enter a phone number of %(at_least)s to %(at_most)s digits, for example +380 44 123 45 67.", **p
        ),
    ),
    "entered_code_malformed": Answer(
        422,
        lambda p: _(
            "This is neither an alias nor a referral code. A code has 8 letters and digits, never 0, O, 1, l or I, and"
            " upper and lower case are different."
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
    "fulfilment_note_invalid": Answer(
        422, lambda p: _("Write a note of at most %(at_most)s characters that says why.", **p)
    ),
    "fulfilment_order_status": Answer(409, _fulfilment_order_status),
    "fulfilment_status_conflict": Answer(409, _fulfilment_status_conflict),
    "items_malformed": Answer(422, lambda p: _("Send items as a list of product and quantity.")),
    "label_has_orders": Answer(409, lambda p: _("This label brought orders, so it cannot be removed.")),
    "label_malformed": Answer(
        422, lambda p: _("A label has 1 to 32 small Latin letters, digits, hyphens and underscores.")
    ),
    "label_too_many": Answer(
        422,
        lambda p: _(
            "This code has %(at_most)s labels already. Remove one that brought no orders first.", **p
        ),
    ),
    "label_unknown": Answer(404, lambda p: _("This code has no such label.")),
    "order_cancelled": Answer(409, lambda p: _("This order was cancelled. Place a new order.")),
    "order_expired": Answer(409, lambda p: _("This order has expired. Place a new order.")),
    "order_reference_invalid": Answer(422, lambda p: _("This is not an order reference.")),
    "order_unknown": Answer(404, lambda p: _("This order does not exist or is not yours.")),
    "share_page_foreign": Answer(
        422, lambda p: _("Enter the address of a page of this portal or of a connected store.")
    ),
    "price_changed": Answer(409, _price_changed),
    "product_missing": Answer(404, lambda p: _("This product does not exist.")),
    "product_unknown": Answer(404, lambda p: _("Product %(product)s is not for sale.", **p)),
    "product_withdrawn": Answer(409, lambda p: _("%(product)s is no longer for sale.", **p)),
    "quantity_invalid": Answer(422, lambda p: _("Enter a whole number from 1 to %(at_most)s.", **p)),
    "review_changed": Answer(
        409, lambda p: _("Your order has changed since you reviewed it. Check it and confirm again.")
    ),
    "review_invalid": Answer(422, lambda p: _("This confirmation is not valid. Review the order again.")),
    "review_line_added": Answer(
        409, lambda p: _("%(product)s was added: %(quantity)s.", product=p["product"], quantity=p["quantity"])
    ),
    "review_line_removed": Answer(
        409, lambda p: _("%(product)s is no longer in the order.", product=p["product"])
    ),
    "review_quantity_changed": Answer(409, _quantity_changed),
    "review_referral_changed": Answer(409, _referral_changed),
    "review_reward_changed": Answer(
        409,
        lambda p: (
            _("This order earns a referral reward now.")
            if p["earns_reward"]
            else _("This order no longer earns a referral reward.")
        ),
    ),
    "review_total_changed": Answer(409, _total_changed),
    "store_link_expired": Answer(
        410, lambda p: _("This link has expired. Open it again from the page of the store.")
    ),
    "store_referrer_taken": Answer(
        409, lambda p: _("This store customer is already connected to another account.")
    ),
    "store_referrer_unknown": Answer(404, lambda p: _("This store does not show your results.")),
    "stock_short": Answer(409, _stock_short),
    "store_connected": Answer(
        409, lambda p: _("The store is already connected. You can create new keys here.")
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
    "store_tier_unknown": Answer(422, lambda p: _("Choose one of the tiers.")),
    "tier_unknown": Answer(422, lambda p: _("Choose one of the membership tiers.")),
}
