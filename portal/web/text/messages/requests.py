"""Errors of requests, forms and lists."""

from __future__ import annotations

from portal.lib.clock import FIRST_YEAR, LAST_YEAR
from portal.web.text.format import number
from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.translate import gettext as _


def _field_invalid(params: Params) -> str:
    """Return what a field of the wrong type or size should be."""
    if params.get("kind") == "text":
        return _("This field must be text.")
    if params.get("kind") == "missing":
        return _("This field is required.")
    if params.get("kind") == "long":
        return _("Use at most %(at_most)s characters.", at_most=params["at_most"])
    return _("Expected: %(expected)s.", **params)


def _database_away(params: Params) -> str:
    if params.get("is_outcome_unknown"):
        return _(
            "The connection to the database was lost. Check whether your change was saved before you repeat it."
        )
    return _("The database cannot be reached. Nothing was changed; try again in a minute.")


REQUESTS_ERRORS: ErrorTable = {
    "changed_meanwhile": Answer(
        409, lambda p: _("Someone else changed this in the meantime. Nothing was saved.")
    ),
    "body_malformed": Answer(400, lambda p: _("Send a JSON object.")),
    "character_refused": Answer(
        422,
        lambda p: _(
            "The character %(character)s at position %(position)s is not allowed here. Remove it and try again.",
            **p,
        ),
    ),
    "cron_secret_wrong": Answer(401, lambda p: _("The cron secret is wrong or not set on the server.")),
    "csrf_invalid": Answer(400, lambda p: _("This page was open for too long. Reload it and try again.")),
    "cursor_invalid": Answer(400, lambda p: _("The page cursor is not valid. Start from the first page.")),
    "database_away": Answer(503, _database_away),
    "date_invalid": Answer(422, lambda p: _("Enter a date such as 2026-11-21.")),
    "date_out_of_range": Answer(
        422,
        lambda p: _("Enter a date of the years %(first)s to %(last)s.", first=FIRST_YEAR, last=LAST_YEAR),
    ),
    "period_invalid": Answer(422, lambda p: _("The last day is before the first one.")),
    "field_invalid": Answer(400, _field_invalid),
    "export_unknown": Answer(
        404, lambda p: _("This file is not available: it is not ready, was deleted, or is not yours.")
    ),
    "filter_invalid": Answer(422, lambda p: _("Correct the filter first. %(reason)s", **p)),
    "filter_limit": Answer(
        409, lambda p: _("%(at_most)s filters are saved already. Remove one that you no longer need.", **p)
    ),
    "filter_name_invalid": Answer(400, lambda p: _("Enter a name of up to %(at_most)s characters.", **p)),
    "filter_name_taken": Answer(
        409, lambda p: _("You already have a filter with this name. Choose another name.")
    ),
    "filter_unknown": Answer(404, lambda p: _("This filter no longer exists.")),
    "forbidden": Answer(403, lambda p: _("You do not have permission to do this.")),
    "input_invalid": Answer(422, lambda p: _("Some fields need your attention.")),
    "internal": Answer(
        500, lambda p: _("Something went wrong on our side. We have recorded it; please try again.")
    ),
    "ledger_too_long": Answer(
        422,
        lambda p: _(
            "A spreadsheet holds %(at_most)s rows and there are more. Choose a shorter period or narrow the filter, or"
            " download CSV: it has no limit.",
            at_most=number(p["at_most"]),
        ),
    ),
    "ledger_unknown": Answer(404, lambda p: _("This ledger does not exist.")),
    "method_not_allowed": Answer(405, lambda p: _("This address does not accept this kind of request.")),
    "not_found": Answer(404, lambda p: _("There is no page at this address.")),
    "note_missing": Answer(422, lambda p: _("Enter a note of up to %(at_most)s characters.", **p)),
    "rate_limited": Answer(429, lambda p: _("Too many requests. Wait a minute and try again.")),
    "reason_missing": Answer(422, lambda p: _("Enter a reason of up to %(at_most)s characters.", **p)),
    "role_required": Answer(403, lambda p: _("Your account does not have access to this page.")),
    "sign_in_required": Answer(401, lambda p: _("Sign in to continue.")),
    "status_unknown": Answer(400, lambda p: _("Choose one of these statuses: %(allowed)s.", **p)),
    "too_many_exports": Answer(
        409, lambda p: _("You have %(at_most)s files. Delete one that you no longer need.", **p)
    ),
    "total_too_large": Answer(
        422,
        lambda p: _(
            "The total can be at most %(at_most)s %(currency)s.",
            at_most=number(p["at_most"]),
            currency=p["currency"],
        ),
    ),
    "too_large": Answer(413, lambda p: _("The request is too large.")),
}
