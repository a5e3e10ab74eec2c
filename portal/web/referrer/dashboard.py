"""The referrer's dashboard: share links, visits, and rewards with how each amount came about."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import segno
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import WalletUnknown
from portal.codes import CodeUnknown, find_code, share_url
from portal.flows.accounts.switch_code import CodeBlocked, switch_own_code
from portal.flows.overviews.referrer_overview import referrer_overview
from portal.runtime import current_portal
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.requests import is_htmx
from portal.web.text.format import token_text, tokens
from portal.web.text.messages import error_text
from portal.web.text.rewards import reward_rows
from portal.web.text.share_codes import code_card_view, visit_tiles
from portal.web.text.translate import gettext as _

blueprint = Blueprint("referrer", __name__)


@dataclass(frozen=True, slots=True)
class RewardTotals:
    """What a referrer earned, in tokens without the symbol."""

    earned: str
    minted: str
    pending: str
    sending: str


@blueprint.get("/refcodes")
@signed_in()
def dashboard() -> ResponseReturnValue:
    """Show codes, visits, totals and the reward history."""
    running = current_portal()
    overview = referrer_overview(current_user().id, running.settings, request.args.get("cursor"))
    template = "referrer/_rewards.html" if is_htmx() else "referrer/dashboard.html"
    return render_template(
        template,
        cards=[code_card_view(card) for card in overview.cards],
        totals=_totals(overview.totals),
        visits=visit_tiles(overview.visits),
        rewards=reward_rows(overview.rewards.rewards),
        owed=token_text(overview.owed_wei) if overview.owed_wei else None,
        next_cursor=overview.rewards.next_cursor,
        chain_configured=running.chain.configured,
    )


@blueprint.get("/refcodes/<code>/qr.svg")
@signed_in()
def qr(code: str) -> ResponseReturnValue:
    """Download the QR code of an own share link."""
    _require_own(code)
    picture = BytesIO()
    # As a file it needs the SVG namespace, and a white background to be readable on a dark page.
    segno.make(share_url(current_portal().settings.app_url, code), error="m").save(
        picture, kind="svg", scale=8, border=4, light="#fff"
    )
    headers = {"Content-Disposition": f'attachment; filename="referral-{code}.svg"'}
    return Response(picture.getvalue(), mimetype="image/svg+xml", headers=headers)


@blueprint.post("/refcodes/<code>/active")
@signed_in()
def switch(code: str) -> ResponseReturnValue:
    """Activate or deactivate an own code; earlier rewards are unaffected."""
    active = request.form.get("active") == "1"
    try:
        is_changed = switch_own_code(current_user().id, code, active)
    except CodeBlocked as error:
        flash(error_text(error), "warning")
        return redirect(url_for("referrer.dashboard"), 303)
    except WalletUnknown:
        flash(_("Link the wallet of this code again first."), "warning")
        return redirect(url_for("account.wallets"), 303)
    if is_changed:
        flash(
            _("The code is active again.")
            if active
            else _("The code is deactivated. Earlier rewards are unaffected."),
            "success",
        )
    return redirect(url_for("referrer.dashboard"), 303)


def _require_own(code: str) -> None:
    row = find_code(code)
    if row is None or row.owner_user_id != current_user().id:
        raise CodeUnknown


def _totals(totals: dict[str, tuple[int, int]]) -> RewardTotals:
    """Return the totals of {status: (count, wei)}; rejected and failed rewards are not earned."""
    wei = {status: amount for status, (_count, amount) in totals.items()}
    sending = wei["approved"] + wei["minting"]
    return RewardTotals(
        earned=tokens(wei["minted"] + sending + wei["pending_approval"]),
        minted=tokens(wei["minted"]),
        pending=tokens(wei["pending_approval"]),
        sending=tokens(sending),
    )
