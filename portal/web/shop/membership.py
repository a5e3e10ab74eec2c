"""The membership tiers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.accounts import Membership, is_lower, read_membership
from portal.lib.errors import PortalError
from portal.payments import MEMBERSHIP_CURRENCY, MEMBERSHIP_PRICES_MINOR, list_providers
from portal.runtime import current_portal
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.shop.blueprint import blueprint
from portal.web.text.format import moment, money
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


@dataclass(frozen=True, slots=True)
class TierView:
    """A tier as its card shows it; `notes` say until when it is paid and when it can be bought."""

    name: str
    price: str
    is_free: bool
    is_current: bool
    can_buy: bool
    notes: tuple[str, ...]


@blueprint.get("/membership")
@signed_in()
def membership() -> ResponseReturnValue:
    """Show the membership tiers and the current one."""
    return membership_page()


def membership_page(error: PortalError | None = None) -> str:
    """Return the page of the tiers, with the error of a refused choice."""
    current = read_membership(current_user().id)
    return render_template(
        "shop/membership.html",
        tiers=[_tier(name, price, current) for name, price in MEMBERSHIP_PRICES_MINOR.items()],
        is_for_sale=bool(list_providers(current_portal().settings)),
        form_errors=[("tiers", error_text(error))] if error else [],
    )


def _tier(name: str, price_minor: int, current: Membership) -> TierView:
    is_current, is_below = name == current.tier, is_lower(name, current.tier)
    until = current.until if is_current else dict(current.then).get(name)
    return TierView(
        name=name,
        price=money(price_minor, MEMBERSHIP_CURRENCY) if price_minor else _("Free"),
        is_free=not price_minor,
        is_current=is_current,
        can_buy=bool(price_minor) and not is_below,
        notes=tuple(
            _notes(current, until, is_current=is_current, is_below=is_below, price_minor=price_minor)
        ),
    )


def _notes(
    current: Membership, until: datetime | None, *, is_current: bool, is_below: bool, price_minor: int
) -> list[str]:
    notes = []
    if until and is_current:
        notes.append(_("until %(when)s", when=moment(until)))
    elif until:
        notes.append(
            _("Paid: it continues when %(tier)s ends, until %(when)s.", tier=current.tier, when=moment(until))
        )
    if not price_minor:
        return notes
    if is_below:
        return notes if until else [*notes, _("Available when %(tier)s ends.", tier=current.tier)]
    if is_current:
        notes.append(_("A renewal starts when the current month ends, so you lose no days."))
    elif current.until:
        notes.append(
            _(
                "Starts immediately. Your remaining days of %(tier)s are kept for afterwards.",
                tier=current.tier,
            )
        )
    return notes
