"""The referrer's dashboard: links, visits, rewards with how each came about."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import segno
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_login import current_user
from markupsafe import Markup

from portal.accounts import WalletUnknown
from portal.chain import checksum
from portal.codes import CodeUnknown, find_code, share_url
from portal.flows.accounts.switch_code import CodeBlocked, switch_own_code
from portal.flows.overviews.referrer_overview import (
    CodeCard,
    VisitComparison,
    VisitComparisons,
    referrer_overview,
)
from portal.runtime import current_portal
from portal.web.core.access import signed_in
from portal.web.core.requests import is_htmx
from portal.web.text.format import number, token_text
from portal.web.text.messages import error_text
from portal.web.text.rewards import explorer_url, reward_rows
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

blueprint = Blueprint("referrer", __name__)


@blueprint.get("/refcodes")
@signed_in()
def dashboard() -> ResponseReturnValue:
    """Show codes, visits, totals and the reward history."""
    overview = referrer_overview(current_user.id, current_portal().settings, request.args.get("cursor"))
    template = "referrer/_rewards.html" if is_htmx() else "referrer/dashboard.html"
    return render_template(
        template,
        cards=[_card(card) for card in overview.cards],
        totals=overview.totals,
        visits=_visit_tiles(overview.visits),
        rewards=reward_rows(overview.rewards.rewards),
        owed=token_text(overview.owed_wei) if overview.owed_wei else None,
        next_cursor=overview.rewards.next_cursor,
        chain_configured=current_portal().chain.configured,
    )


@blueprint.get("/refcodes/<code>/qr.svg")
@signed_in()
def qr(code: str) -> ResponseReturnValue:
    """Download the QR code of one of the person's share links."""
    _own_code(code)
    picture = BytesIO()
    # A file of its own: with a namespace, and with a white ground that a dark page behind it cannot take away.
    segno.make(share_url(current_portal().settings.app_url, code), error="m").save(
        picture, kind="svg", scale=8, border=4, light="#fff"
    )
    headers = {"Content-Disposition": f'attachment; filename="referral-{code}.svg"'}
    return Response(picture.getvalue(), mimetype="image/svg+xml", headers=headers)


@blueprint.post("/refcodes/<code>/active")
@signed_in()
def switch(code: str) -> ResponseReturnValue:
    """Deactivate or activate one of the person's codes; past rewards stand."""
    active = request.form.get("active") == "1"
    try:
        changed = switch_own_code(current_user.id, code, active)
    except CodeBlocked as error:
        flash(error_text(error), "warning")
        return redirect(url_for("referrer.dashboard"), 303)
    except WalletUnknown:
        flash(_("Link the wallet of this code again first."), "warning")
        return redirect(url_for("account.wallets"), 303)
    if changed:
        flash(
            _("The code works again.") if active else _("The code is deactivated. Past rewards stand."),
            "success",
        )
    return redirect(url_for("referrer.dashboard"), 303)


def _own_code(code: str) -> None:
    row = find_code(code)
    if row is None or row.owner_user_id != current_user.id:
        raise CodeUnknown


def _card(card: CodeCard) -> dict[str, Any]:
    image = segno.make(card.share_url, error="m")
    return {
        "code": card.code,
        "wallet": checksum(card.code.wallet_address),
        "share_url": card.share_url,
        "visits": card.visits,
        "orders": card.orders.orders,
        "paid": card.orders.paid,
        "daily": [(format_date(day, "d MMM"), visits, number(visits)) for day, visits in card.visits.daily],
        "qr": Markup(image.svg_inline(border=4, omitsize=True)),  # noqa: S704 - segno's own markup, no user text in it
        "wallet_url": explorer_url("address", checksum(card.code.wallet_address)),
        "funnel": _funnel(card),
        "off": _off(card),
        "deactivation_by": card.deactivation.by if card.deactivation else "",
        "can_activate": card.deactivation is None or card.deactivation.by == "owner",
    }


def _funnel(card: CodeCard) -> str:
    """Say where the funnel stops, in one sentence."""
    if card.orders.paid:
        return ""
    if card.orders.orders:
        return ngettext(
            "%(num)s order, but it is not paid yet.",
            "%(num)s orders, but none is paid yet.",
            card.orders.orders,
        )
    if card.visits.total:
        return ngettext("%(num)s visit, no orders yet.", "%(num)s visits, no orders yet.", card.visits.total)
    return _("No visits yet. Share the link to start.") if card.code.active else _("No visits.")


def _off(card: CodeCard) -> str:
    """Say why a code is off and what turns it on again; empty while it works."""
    if card.code.active:
        return ""
    cause = card.deactivation
    if cause and cause.by == "admin":
        return _("An admin deactivated this code. Reason: %(reason)s", reason=cause.reason or "")
    if cause and cause.by == "unlinked":
        return _(
            "The wallet of this code is not linked to your account any more. Link it again to use the code."
        )
    return _("You deactivated this code: it credits nothing new. Past rewards stand.")


def _visit_tiles(visits: VisitComparisons) -> list[dict[str, Any]]:
    """Return the tiles of visits, each against the time before."""
    return [
        _visit_tile(_("Visits today"), visits.today, _("yesterday: %(number)s")),
        _visit_tile(_("Last 7 days"), visits.last7d, _("7 days before: %(number)s")),
        _visit_tile(_("Last 28 days"), visits.last28d, _("28 days before: %(number)s")),
        _visit_tile(_("All visits"), visits.total, _("28 days ago: %(number)s")),
    ]


def _visit_tile(label: str, compared: VisitComparison, before: str) -> dict[str, Any]:
    step = (compared.now > compared.before) - (compared.now < compared.before)
    trend = {"direction": ("flat", "up", "down")[step], "text": before % {"number": number(compared.before)}}
    return {"label": label, "value": number(compared.now), "trend": trend}
