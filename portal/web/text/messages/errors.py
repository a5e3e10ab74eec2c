"""The table of errors: each stable code with its HTTP status and its sentence in the reader's language.

The entries are grouped by subject in the modules beside this one.
"""

from __future__ import annotations

from portal.lib.errors import InputInvalid, PortalError
from portal.web.text.messages.accounts import ACCOUNTS_ERRORS
from portal.web.text.messages.answer import Answer, ErrorTable, Params
from portal.web.text.messages.catalogue import CATALOGUE_ERRORS
from portal.web.text.messages.commissions import COMMISSIONS_ERRORS
from portal.web.text.messages.deliveries import DELIVERIES_ERRORS
from portal.web.text.messages.orders import ORDERS_ERRORS
from portal.web.text.messages.payments import PAYMENTS_ERRORS
from portal.web.text.messages.programme import PROGRAMME_ERRORS
from portal.web.text.messages.proposals import PROPOSALS_ERRORS
from portal.web.text.messages.requests import REQUESTS_ERRORS
from portal.web.text.messages.rewards import REWARDS_ERRORS
from portal.web.text.messages.settings import SETTINGS_ERRORS
from portal.web.text.messages.store_api import STORE_API_ERRORS
from portal.web.text.messages.stores import STORES_ERRORS
from portal.web.text.messages.webhooks import WEBHOOKS_ERRORS
from portal.web.text.translate import gettext as _

UNPROCESSABLE = 422

ERRORS: ErrorTable = {
    **REQUESTS_ERRORS,
    **ACCOUNTS_ERRORS,
    **ORDERS_ERRORS,
    **PAYMENTS_ERRORS,
    **REWARDS_ERRORS,
    **CATALOGUE_ERRORS,
    **COMMISSIONS_ERRORS,
    **PROPOSALS_ERRORS,
    **PROGRAMME_ERRORS,
    **DELIVERIES_ERRORS,
    **STORES_ERRORS,
    **STORE_API_ERRORS,
    **WEBHOOKS_ERRORS,
    **SETTINGS_ERRORS,
    "reward_unsizable": Answer(
        409,
        lambda p: _(
            "The reward amount still cannot be calculated. %(why)s", why=failure_text(str(p["reason"]))
        ),
    ),
}


def error_text(error: PortalError) -> str:
    """Return the sentence of an error; a code without one reads as an internal error."""
    return ERRORS.get(error.code, ERRORS["internal"]).sentence(error.params)


def error_texts(error: InputInvalid) -> dict[str, str]:
    """Return the sentences of an InputInvalid by field."""
    return {name: error_text(inner) for name, inner in error.fields.items()}


def status_of(error: PortalError) -> int:
    """Return the HTTP status of an error."""
    return status_of_code(error.code)


def status_of_code(code: str) -> int:
    """Return the HTTP status of an error code; a code that is not in the table is invalid input, 422."""
    answer = ERRORS.get(code)
    return answer.status if answer else UNPROCESSABLE


def text_of_code(code: str) -> str:
    """Return the sentence of a code that needs no params; raise KeyError."""
    return ERRORS[code].sentence({})


def text_of_stored(code: str, params: Params) -> str:
    """Return the sentence of an error that was stored with its params."""
    return ERRORS.get(code, ERRORS["internal"]).sentence(params)


def failure_text(reason: str | None, params: Params | None = None) -> str:
    """Return why a reward failed or was rejected: the sentence of a known code, else the text as stored."""
    known = {
        "refunded": _("The order was refunded."),
        "paid_differently": _(
            "Under this order reference, the contract paid another wallet or a smaller amount."
        ),
        "token_changed": _(
            "The portal now pays in another token. A retry calculates the reward at the price of that token."
        ),
        "not_delivered": _("The contract recorded the payment, but no tokens reached the referrer's wallet."),
    }
    if reason in known:
        return known[reason]
    if reason in ERRORS:
        return ERRORS[reason].sentence(params or {"currency": "?", "at_most": "", "expected": ""})
    return reason or ""
