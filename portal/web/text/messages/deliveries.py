"""Errors of what connected stores send by themselves, and of the portal's calls to a store's own API."""

from __future__ import annotations

from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.translate import gettext as _


def _refused(params: Params) -> str:
    return {
        "signature_missing": _("The delivery is not signed."),
        "timestamp_old": _("The delivery was signed too long ago. Sign each attempt with its own time."),
        "timestamp_ahead": _("The delivery is dated in the future. Check the clock of the sending server."),
        "secret_missing": _("This store has no webhook secret yet. Create one on the page of the store."),
    }.get(
        str(params.get("reason")),
        _("The signature is wrong. Copy the webhook secret from the page of the store again."),
    )


DELIVERIES_ERRORS: ErrorTable = {
    "delivery_refused": Answer(401, _refused),
    "delivery_unreadable": Answer(
        422,
        lambda p: _("The order does not match the format documented by its platform: %(detail)s.", **p),
    ),
    "platform_not_read": Answer(
        409,
        lambda p: _(
            "The portal does not read orders from this platform. Its stores report them by themselves."
        ),
    ),
    "store_api_address_invalid": Answer(
        422, lambda p: _("Enter the address of the shop, such as https://shop.example.")
    ),
    "store_api_missing": Answer(
        409,
        lambda p: _(
            "The portal has no access to the API of this store yet. Enter its address and its keys first."
        ),
    ),
    "store_credentials_refused": Answer(
        502, lambda p: _("The store refused the API keys. Create new keys in the store and enter them here.")
    ),
    "store_unreachable": Answer(
        502, lambda p: _("The store’s API returned an unusable response: %(detail)s.", **p)
    ),
    "secret_replaced": Answer(
        409, lambda p: _("The secret was replaced already. If you need another new one, do it from here.")
    ),
    "webhook_secret_invalid": Answer(
        422,
        lambda p: _("Use %(at_least)s to %(at_most)s characters without spaces for a webhook secret.", **p),
    ),
    "webhook_secret_missing": Answer(
        422, lambda p: _("%(platform)s creates this secret itself. Enter the one that it shows.", **p)
    ),
    "webhooks_unsupported": Answer(
        409, lambda p: _("The portal accepts no webhooks from stores of the platform %(platform)s.", **p)
    ),
}
