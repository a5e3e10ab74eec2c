"""Errors of connecting stores, their keys and what was decided about them."""

from __future__ import annotations

from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.translate import gettext as _

STORES_ERRORS: ErrorTable = {
    "choice_invalid": Answer(422, lambda p: _("Choose one of: %(choices)s.", **p)),
    "coupon_invalid": Answer(422, lambda p: _("A coupon has 1 to %(at_most)s characters.", **p)),
    "origin_invalid": Answer(
        422,
        lambda p: _(
            "“%(origin)s” is not the address of a website. Enter one such as https://shop.example.", **p
        ),
    ),
    "refund_changed": Answer(
        409,
        lambda p: _(
            "This refund was reported with %(amount)s %(currency)s before. A changed amount needs another refund id.",
            **p,
        ),
    ),
    "share_code_inactive": Answer(
        422, lambda p: _("No active referral code has this text. Letter case matters.")
    ),
    "signing_secret_missing": Answer(409, lambda p: _("Create a signing secret first.")),
    "sku_invalid": Answer(422, lambda p: _("An SKU has 1 to %(at_most)s characters.", **p)),
    "store_key_unknown": Answer(404, lambda p: _("The store has no such key, or it is already revoked.")),
    "store_name_invalid": Answer(422, lambda p: _("A name has 1 to %(at_most)s characters.", **p)),
    "store_vendor_unknown": Answer(404, lambda p: _("The store has not reported a vendor with this id.")),
    "too_many_keys": Answer(
        409,
        lambda p: _("A store has at most %(at_most)s valid keys of each kind. Revoke one first.", **p),
    ),
    "too_many_origins": Answer(422, lambda p: _("A store has at most %(at_most)s addresses.", **p)),
}
