"""The referrer's dashboard: links, visits, rewards with how each came about."""

from __future__ import annotations

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
from portal.flows.link_wallet import switch_code
from portal.flows.referrer_overview import CodeCard, referrer_overview
from portal.web.access import signed_in
from portal.web.format import number, token_text
from portal.web.requests import is_htmx, portal
from portal.web.reward_words import reward_rows
from portal.web.translate import gettext as _

blueprint = Blueprint("referrer", __name__)


@blueprint.get("/refcodes")
@signed_in()
def dashboard() -> ResponseReturnValue:
    """Show codes, visits, totals and the reward history."""
    overview = referrer_overview(current_user.id, portal().settings, request.args.get("cursor"))
    template = "referrer/_rewards.html" if is_htmx() else "referrer/dashboard.html"
    return render_template(
        template,
        cards=[_card(card) for card in overview.cards],
        totals=overview.totals,
        visits=_sum_visits(overview.cards),
        rewards=reward_rows(overview.rewards.rewards),
        owed=token_text(overview.owed_wei) if overview.owed_wei else None,
        next_cursor=overview.rewards.next_cursor,
        chain_configured=portal().chain.configured,
    )


@blueprint.get("/refcodes/<code>/qr.svg")
@signed_in()
def qr(code: str) -> ResponseReturnValue:
    """Download the QR code of one of the person's share links."""
    _own_code(code)
    image = segno.make(share_url(portal().settings.app_url, code), error="m")
    headers = {"Content-Disposition": f'attachment; filename="referral-{code}.svg"'}
    return Response(image.svg_inline(scale=8, border=4), mimetype="image/svg+xml", headers=headers)


@blueprint.post("/refcodes/<code>/active")
@signed_in()
def switch(code: str) -> ResponseReturnValue:
    """Deactivate or activate one of the person's codes; past rewards stand."""
    active = request.form.get("active") == "1"
    try:
        changed = switch_code(current_user.id, code, active)
    except WalletUnknown:
        flash(_("Link the wallet of this code again first."), "warning")
        return redirect(url_for("wallets.page"), 303)
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
        "orders": card.orders,
        "paid": card.paid,
        "daily": [(format_date(day, "d MMM"), visits, number(visits)) for day, visits in card.visits.daily],
        "qr": Markup(image.svg_inline(scale=5, border=2)),  # noqa: S704 - segno's own markup, no user text in it
        "funnel": _funnel(card),
    }


def _funnel(card: CodeCard) -> str:
    """Say where the funnel stops, in one sentence."""
    if not card.code.active:
        return _("This code is deactivated: it credits nothing new.")
    if not card.visits.total:
        return _("No visits yet. Share the link to start.")
    if not card.orders:
        return _("Visits, but no orders yet.")
    if not card.paid:
        return _("Orders, but none is paid yet.")
    return ""


def _sum_visits(cards: list[CodeCard]) -> dict[str, int]:
    return {
        "total": sum(card.visits.total for card in cards),
        "today": sum(card.visits.today for card in cards),
        "last7d": sum(card.visits.last7d for card in cards),
        "last28d": sum(card.visits.last28d for card in cards),
    }
