"""Errors of the API that connected stores call; their readers are developers."""

from __future__ import annotations

from portal.lib.clock import FIRST_YEAR, LAST_YEAR
from portal.web.text.format import number
from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.translate import gettext as _


def _member_invalid(params: Params) -> str:
    """Return what a member of a JSON body should be."""
    if params["kind"] in ("long", "at_least", "at_most"):
        return {
            "long": _("Use at most %(limit)s characters.", limit=params.get("at_most")),
            "at_least": _("Send a whole number of at least %(limit)s.", limit=params.get("at_least")),
            "at_most": _("Send a whole number of at most %(limit)s.", limit=params.get("at_most")),
        }[params["kind"]]
    if params["kind"] == "choice":
        return _("Send one of: %(allowed)s.", allowed=_listed(str(params["allowed"])))
    return {
        "missing": _("This field is required."),
        "empty": _("This field is empty. Send a value, or leave the field out if it is optional."),
        "currency": _("Send an ISO 4217 code such as UAH, USD or JPY, or USDT or USDC."),
        "text": _("Send text in quotes."),
        "whole": _("Send a whole number, without quotes."),
        "list": _("Send a list."),
        "object": _("Send an object."),
        "time": _("Send a time with its time zone, such as 2026-11-28T14:39:24Z."),
        "moment": _(
            "Send a time of the years %(first)s to %(last)s, or leave it out.",
            first=FIRST_YEAR,
            last=LAST_YEAR,
        ),
        "hash": _("Send the SHA-256 of the e-mail address in lower case, as 64 hex digits."),
        "other": _("This value is not valid here."),
        "one_of_two": _("Send either emailHash or externalId."),
    }[params["kind"]]


def _listed(expected: str) -> str:
    """Return pydantic's "'a', 'b' or 'c'" as "a, b, c"."""
    return expected.replace("' or '", "', '").replace("'", "")


def _signature_time(params: Params) -> str:
    if "seconds" not in params:
        return _("webhook-timestamp must be the time in seconds since 1970, such as 1795876799.")
    seconds, tolerance = number(params["seconds"]), number(params["tolerance"])
    if params["is_ahead"]:
        return _(
            "webhook-timestamp is %(seconds)s seconds ahead of the portal's clock, which shows %(portal_time)s."
            " At most %(tolerance)s are allowed. Set the clock of your server.",
            seconds=seconds,
            tolerance=tolerance,
            portal_time=str(params["portal_time"]),
        )
    return _(
        "webhook-timestamp is %(seconds)s seconds behind the portal's clock, which shows %(portal_time)s. At most"
        " %(tolerance)s are allowed. Sign each attempt again, or set the clock of your server.",
        seconds=seconds,
        tolerance=tolerance,
        portal_time=str(params["portal_time"]),
    )


def _lines_do_not_add_up(params: Params) -> str:
    return _(
        "Lines, tax and shipping come to %(sum)s %(currency)s and paidAmount is %(paid)s, a difference of"
        " %(difference)s. Lines are after discounts and before tax.",
        **params,
    )


STORE_API_ERRORS: ErrorTable = {
    "amount_not_string": Answer(
        422, lambda p: _('Send amounts as text, such as "199.90". A JSON number can lose digits on its way.')
    ),
    "currency_changed": Answer(
        409,
        lambda p: _(
            "This order was reported in %(currency)s. Its currency cannot change.", currency=p["currency"]
        ),
    ),
    "duplicate_member": Answer(
        422, lambda p: _("This name occurs twice in one object, so its value is ambiguous. Send it once.")
    ),
    "id_repeated": Answer(
        422, lambda p: _("The id %(external_id)s occurs twice. Send each line and each refund once.", **p)
    ),
    "lines_do_not_add_up": Answer(422, _lines_do_not_add_up),
    "live_key_required": Answer(
        403, lambda p: _("This was reported with a live key. A test key cannot change it.")
    ),
    "member_invalid": Answer(422, _member_invalid),
    "refund_line_unknown": Answer(
        422, lambda p: _("The order has no line %(external_id)s. Name the lines as the order does.", **p)
    ),
    "scope_missing": Answer(
        403, lambda p: _("This key lacks the scope %(scope)s. Create a key that has it.", scope=p["scope"])
    ),
    "store_event_empty": Answer(
        409, lambda p: _("This event has no order to apply. Send the present state of the order instead.")
    ),
    "store_event_unknown": Answer(404, lambda p: _("This store has no such event.")),
    "store_key_invalid": Answer(
        401,
        lambda p: _(
            "The key is missing, wrong or revoked. Send it in the header Authorization as Bearer, a space and the key."
        ),
    ),
    "store_signature_missing": Answer(
        401,
        lambda p: _(
            "This store signs its requests, and the header %(header)s is missing.", header=p["header"]
        ),
    ),
    "store_signature_time": Answer(401, _signature_time),
    "store_signature_unexpected": Answer(
        401,
        lambda p: _(
            "The request is signed and this store has no signing secret. Create one on the store's page, or send no"
            " signature."
        ),
    ),
    "store_signature_wrong": Answer(
        401,
        lambda p: _(
            "The signature does not match the body. Sign the exact bytes that you send, with the store's signing"
            " secret."
        ),
    ),
    "too_many_items": Answer(
        413, lambda p: _("Send at most %(at_most)s entries in this list.", at_most=number(p["at_most"]))
    ),
}
