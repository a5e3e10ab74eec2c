"""Errors of webhook endpoints and deliveries."""

from __future__ import annotations

from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.translate import gettext as _


def _url_invalid(params: Params) -> str:
    reasons = {
        "https_required": _("The address must start with https://."),
        "credentials": _("The address must not have a user name or password."),
        "known": _("This address already receives these events."),
        "private": _("The address must be public; this one is reachable in a private network only."),
    }
    malformed = _("Enter a full address such as https://shop.example/webhooks.")
    return reasons.get(str(params["reason"]), malformed)


WEBHOOKS_ERRORS: ErrorTable = {
    "too_many_endpoints": Answer(
        409, lambda p: _("A store has at most %(at_most)s active endpoints. Switch one off first.", **p)
    ),
    "webhook_delivery_unknown": Answer(404, lambda p: _("This delivery does not exist.")),
    "webhook_endpoint_disabled": Answer(
        409, lambda p: _("The endpoint is switched off. Switch it on first; pending events are then sent.")
    ),
    "webhook_endpoint_unknown": Answer(404, lambda p: _("This endpoint does not exist.")),
    "webhook_types_missing": Answer(422, lambda p: _("Choose at least one event.")),
    "webhook_url_invalid": Answer(422, _url_invalid),
}
