"""Risk hints and share-code events in words."""

from __future__ import annotations

from portal.flows.overviews.risk_hints import MOST_COUNTED
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext


def risk_hint(code: str, number: int) -> str:
    """Return a risk hint in words, with its number."""
    if code in ("many_orders", "many_sign_ups"):
        return _many_in_an_hour(code, number)
    return {
        "same_mailbox": _("The buyer and the referrer use the same mailbox."),
        "same_wallet": _("A wallet of the referrer is or was linked to the buyer's account."),
        "same_device": _("The buyer and the referrer used the same browser."),
        "same_address": _(
            "The buyer and the referrer were seen at the same network address, as people of one home or office are."
        ),
        "refund_rate": _("%(number)s%% of the orders of this code were refunded.", number=number),
    }.get(code, code)


def _many_in_an_hour(code: str, number: int) -> str:
    if number > MOST_COUNTED:
        return (
            _("More than %(number)s orders came with this code within an hour.", number=MOST_COUNTED)
            if code == "many_orders"
            else _(
                "More than %(number)s accounts were opened with this code within an hour.",
                number=MOST_COUNTED,
            )
        )
    if code == "many_orders":
        return ngettext(
            "%(num)s order came with this code within an hour.",
            "%(num)s orders came with this code within an hour.",
            number,
        )
    return ngettext(
        "%(num)s account was opened with this code within an hour.",
        "%(num)s accounts were opened with this code within an hour.",
        number,
    )


def code_event(event: str, by: str | None) -> str:
    """Return an event of a share code in words; `by` is owner, admin or unlinked."""
    if event == "code_issued":
        return _("Issued")
    if event == "code_activated":
        return _("Activated")
    if event == "code_moved":
        return _("Moved to the account of the store’s customer")
    if event == "code_wallet_set":
        return _("Wallet chosen")
    if event == "alias_set":
        return _("Alias set")
    if event == "label_removed":
        return _("Label removed")
    if event == "alias_retired":
        return _("Alias ended")
    return {
        "admin": _("Deactivated by an admin"),
        "unlinked": _("Inactive until its wallet is linked again"),
    }.get(by or "", _("Deactivated by its owner"))
