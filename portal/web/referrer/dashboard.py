"""The referrer's dashboard: share links, visits, and rewards with how each amount came about."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import WalletUnknown
from portal.chain import checksum
from portal.flows.accounts.switch_code import CodeBlocked, switch_own_code
from portal.flows.overviews.referrer_overview import referrer_links, referrer_overview
from portal.flows.programme.offer import find_offer
from portal.programme import find_terms_of
from portal.rewards import RewardNotPaid, get_reward_of_referrer
from portal.runtime import current_portal
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.fresh_reads import lagging_reads
from portal.web.core.joining import joining_view
from portal.web.core.outcomes import flash_change
from portal.web.core.programme_terms import AskedTerms
from portal.web.core.requests import form_switch, is_htmx
from portal.web.core.urls import url_for
from portal.web.text.format import token_text, tokens
from portal.web.text.messages import error_text
from portal.web.text.payment_checks import payment_check
from portal.web.text.programme import offer_sentences
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
    with lagging_reads():
        return _dashboard()


def _dashboard() -> ResponseReturnValue:
    running = current_portal()
    overview = referrer_overview(
        current_user().id,
        running.settings,
        request.args.get("cursor"),
        codes_cursor=request.args.get("codes_cursor"),
    )
    template = "referrer/_rewards.html" if is_htmx() else "referrer/dashboard.html"
    offer = find_offer(current_user().id, overview.codes, running.settings)
    terms = find_terms_of(current_user().id)
    links = referrer_links(current_user().id, [card.code for card in overview.cards.rows])
    cards = [
        code_card_view(card, links.stated.get(card.code.store_referrer_id or 0))
        for card in overview.cards.rows
    ]
    return render_template(
        template,
        offer=offer_sentences(offer) if offer else [],
        cards=cards,
        next_codes=overview.cards.next_cursor,
        totals=_totals(overview.totals),
        visits=visit_tiles(overview.visits),
        rewards=reward_rows(overview.rewards.rows),
        owed=token_text(overview.owed_wei) if overview.owed_wei else None,
        next_cursor=overview.rewards.next_cursor,
        chain_configured=running.chain.configured,
        # A code of a store without a wallet gets one of these: a choice while a page can list them, else a text.
        wallets=[checksum(address) for address in links.wallets],
        has_more_wallets=links.has_more_wallets,
        terms=AskedTerms(terms.id) if terms and not terms.is_accepted else None,
        joining=joining_view(current_user().id, terms),
        has_terms=terms is not None,
        is_in_stores=links.is_in_stores,
    )


@blueprint.get("/refcodes/rewards/<int:reward_id>/check")
@signed_in()
def check_payment(reward_id: int) -> ResponseReturnValue:
    """Show how to check the payment of an own minted reward without this portal."""
    check = payment_check(get_reward_of_referrer(reward_id, current_user().id))
    if check is None:
        raise RewardNotPaid
    return render_template("referrer/check_payment.html", check=check)


@blueprint.post("/refcodes/<code>/active")
@signed_in()
def switch(code: str) -> ResponseReturnValue:
    """Activate or deactivate an own code; earlier rewards are unaffected."""
    active = form_switch("active")
    try:
        is_changed = switch_own_code(current_user().id, code, active)
    except CodeBlocked as error:
        flash(error_text(error), "warning")
        return redirect(url_for("referrer.dashboard"), 303)
    except WalletUnknown:
        flash(_("Link the wallet of this code again first."), "warning")
        return redirect(url_for("account.wallets"), 303)
    sentence = (
        _("The code is active again.")
        if active
        else _("The code is deactivated. Earlier rewards are unaffected.")
    )
    flash_change(is_changed, sentence)
    return redirect(url_for("referrer.dashboard"), 303)


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
