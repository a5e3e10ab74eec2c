"""The JSON API: camelCase, money as decimal strings beside a currency, tokens as decimal strings beside wei."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, after_this_request, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from portal.catalogue import page_of_shop, parse_cart, pictures_by_product
from portal.chain import checksummed
from portal.codes import find_aliased_codes
from portal.flows.accounts.note_sighting import note_buyer, note_referred
from portal.flows.approvals import decide_reward
from portal.flows.approvals.pay_missing import pay_missing
from portal.flows.checkout.begin_payment import begin_membership_payment, begin_order_payment
from portal.flows.checkout.place_order import PlacedOrder, PreparedOrder, place_order, prepare_order
from portal.flows.checkout.review import Review, read_review, sign_review
from portal.flows.checkout.settle_payment import complete_if_free, pay_with_credit
from portal.flows.minting.mint_rewards import request_mint
from portal.flows.overviews.referrer_overview import referrer_overview
from portal.lib.money import major_text
from portal.payments import Form, Redirect
from portal.rewards import list_reward_queue
from portal.runtime import current_portal
from portal.visits import count_visit
from portal.web.api.delivery import read_delivery
from portal.web.core.access import for_role, public, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.core.node_limits import minting_limits
from portal.web.core.referral_cookies import (
    entered_code,
    forget_first_touch,
    raw_referral_cookie,
    referral_label,
)
from portal.web.core.requests import json_body, number_field, refuse_other_fields, text_field
from portal.web.core.security import limit_account
from portal.web.core.sightings import sighting
from portal.web.landing.beacon import ERROR_KEY, CodeNotFound, label_of, track_arrival
from portal.web.sdk.sharing import is_arrival_in_store
from portal.web.text.format import exact_tokens
from portal.web.text.messages import referral_reason
from portal.web.text.pictures import image_url

if TYPE_CHECKING:
    from models import Order, ReferralReward

PRODUCTS_PAGE = CODES_PAGE = 100

blueprint = Blueprint("api", __name__, url_prefix="/api")

CHECKOUT_KEY_MAX = 64
REVIEW_TOKEN_MAX = 8192
MINT_LIMIT_MAX = 50


# Blockers of advertising refuse addresses that speak of tracking, so the snippet of stores uses the second one.
@blueprint.post("/refcodes/track")
@blueprint.post("/v1/arrivals")
@public(csrf=False)
def track() -> ResponseReturnValue:
    """Count one arrival through a share link; an error of the fast path is raised here."""
    try:
        if error := request.environ.get(ERROR_KEY):
            raise error
        limit, app_url = current_app.extensions["beacon_limit"], current_portal().settings.app_url
        track_arrival(request.environ, request.get_data(), limit, app_url, is_arrival_in_store)
    except CodeNotFound as error:
        if _count_alias(str(error.params["tried"])):
            return jsonify(success=True)
        # An unknown code is not a first touch; the next link may be.
        if error.params["tried"] == raw_referral_cookie():
            after_this_request(forget_first_touch)
        raise
    return jsonify(success=True)


def _count_alias(text: str) -> bool:
    """Count an arrival for the code whose alias this is; return whether there is an active one."""
    code = find_aliased_codes([text]).get(text)
    return code is not None and count_visit(code, label_of(json_body(), request.environ))


@blueprint.get("/store/products")
@public()
def products() -> ResponseReturnValue:
    """List a page of the products for sale; the header Link has the address of the next one."""
    page = page_of_shop(select_locale(), request.args.get("cursor"), PRODUCTS_PAGE)
    pictures = pictures_by_product(row.id for row in page.rows)
    answer = jsonify(
        [
            {
                "productId": product.id,
                "slug": product.slug,
                "name": product.name,
                "price": major_text(product.price_minor, product.currency),
                "currency": product.currency,
                "stock": max(product.stock, 0),
                "vendorId": product.vendor_id,
                "needsDelivery": product.needs_delivery,
                "imageUrl": image_url(pictures.get(product.id), current_portal().settings.app_url),
            }
            for product in page.rows
        ]
    )
    if page.next_cursor:
        answer.headers.add(
            "Link", f'<{url_for("api.products", cursor=page.next_cursor, _external=True)}>; rel="next"'
        )
    return answer


@blueprint.post("/store/review")
@signed_in()
def review_order() -> ResponseReturnValue:
    """Return what an order would contain, cost and credit now, with a token that confirms exactly that."""
    buyer, settings = current_user().row, current_portal().settings
    items = parse_cart(json_body().get("items"))
    prepared = prepare_order(buyer, items, raw_referral_cookie(), settings, entered_code=entered_code())
    return jsonify(_review_answer(prepared, sign_review(prepared.review, buyer, settings)))


@blueprint.post("/store/orders")
@signed_in()
@limit_account("orders")
def create_order() -> ResponseReturnValue:
    """Place an order; the answer says whether a referral applies and, if not, why. A free order is complete at once."""
    body = json_body()
    buyer, settings = current_user().row, current_portal().settings
    key = text_field(body, "checkoutKey", default="", at_most=CHECKOUT_KEY_MAX)
    placed = place_order(
        buyer,
        parse_cart(body.get("items")),
        raw_referral_cookie(),
        settings,
        checkout_key=key or None,
        entered_code=entered_code(),
        link_label=referral_label(),
        reviewed=_reviewed(body),
        delivery=read_delivery(body),
    )
    complete_if_free(placed.order, buyer, settings)
    note_buyer(placed.order, sighting, settings)
    return jsonify(_order_answer(placed)), 201


@blueprint.post("/store/payments/<provider>")
@signed_in()
@limit_account("payments")
def pay_by_provider(provider: str) -> ResponseReturnValue:
    """Return the form or the address that sends the buyer to a provider."""
    body = json_body()
    order_id, reviewed = text_field(body, "orderId"), _reviewed(body)
    buyer, settings = current_user().row, current_portal().settings
    return jsonify(
        _departure(
            begin_order_payment(order_id, buyer, select_locale(), settings, provider, reviewed=reviewed)
        )
    )


@blueprint.post("/store/payments/credit")
@signed_in()
@limit_account("payments")
def pay_by_credit() -> ResponseReturnValue:
    """Pay an order from internal credit."""
    body = json_body()
    order_id, reviewed = text_field(body, "orderId"), _reviewed(body)
    portal = current_portal()
    order = pay_with_credit(order_id, current_user().row, portal.chain, portal.settings, reviewed=reviewed)
    current_portal().wake("mint_rewards")
    return jsonify({"success": True, "orderReference": order.order_reference, **_referral(order)})


@blueprint.post("/membership/upgrade")
@signed_in()
@limit_account("payments")
def upgrade_membership() -> ResponseReturnValue:
    """Return the signed form that pays for a membership tier."""
    tier = text_field(json_body(), "tier")
    form = begin_membership_payment(tier, current_user().row, select_locale(), current_portal().settings)
    note_referred(current_user().row, sighting, current_portal().settings)
    return jsonify(_departure(form))


@blueprint.get("/refcodes")
@signed_in()
def refcodes() -> ResponseReturnValue:
    """Return the person's codes with visit statistics, totals and a page of rewards, newest first."""
    overview = referrer_overview(
        current_user().id,
        current_portal().settings,
        request.args.get("cursor"),
        codes_cursor=request.args.get("codesCursor"),
        codes_size=CODES_PAGE,
    )
    return jsonify(
        {
            "codes": [
                {
                    "code": card.code.code,
                    "walletAddress": checksummed(card.code.wallet_address) or None,
                    "active": card.code.active,
                    "shareUrl": card.share_url,
                    "createdAt": card.code.created_at.isoformat(),
                    "visitStats": _visit_answer(card.visits),
                }
                for card in overview.cards.rows
            ],
            "nextCodesCursor": overview.cards.next_cursor,
            "stats": {
                status: {"count": count, "amount": exact_tokens(wei), "amountWei": str(wei)}
                for status, (count, wei) in overview.totals.items()
            },
            "rewards": [own_reward_answer(reward) for reward in overview.rewards.rows],
            "nextCursor": overview.rewards.next_cursor,
        }
    )


@blueprint.post("/refcodes/mint")
@for_role("admin", reconfirm=True)
def mint() -> ResponseReturnValue:
    """Mint one reward by id, or the oldest ones that may be minted, at most `limit`."""
    body = json_body()
    refuse_other_fields(body, "rewardId", "limit")
    limit = number_field(body, "limit", default=10, at_least=1, at_most=MINT_LIMIT_MAX)
    reward_id = None
    if body.get("rewardId") is not None:
        reward_id = number_field(body, "rewardId", default=0, at_least=1, at_most=2**63 - 1)
    portal = current_portal()
    with minting_limits():
        report = request_mint(portal.chain, portal.settings, limit, current_user().id, reward_id)
    return jsonify(report.as_json())


@blueprint.get("/admin/rewards")
@for_role("admin")
def reward_queue() -> ResponseReturnValue:
    """List the rewards of a status, oldest first, keyset-paged."""
    status = request.args.get("status") or "pending_approval"
    page = list_reward_queue(status, request.args.get("cursor"))
    return jsonify(
        {"rewards": [reward_answer(reward) for reward in page.rows], "nextCursor": page.next_cursor}
    )


@blueprint.post("/admin/rewards/<int:reward_id>/approve")
@for_role("admin", reconfirm=True)
def approve_reward(reward_id: int) -> ResponseReturnValue:
    """Approve a waiting reward."""
    reward = decide_reward.approve(reward_id, current_user().id, current_portal().settings)
    current_portal().wake("mint_rewards")
    return jsonify(reward_answer(reward))


@blueprint.post("/admin/rewards/<int:reward_id>/reject")
@for_role("admin", reconfirm=True)
def reject_reward(reward_id: int) -> ResponseReturnValue:
    """Reject a reward with a reason that its referrer sees."""
    reason = text_field(json_body(), "reason", default="")
    return jsonify(reward_answer(decide_reward.reject(reward_id, reason, current_user().id)))


@blueprint.post("/admin/rewards/<int:reward_id>/retry")
@for_role("admin", reconfirm=True)
def retry_reward(reward_id: int) -> ResponseReturnValue:
    """Approve a failed reward again."""
    reward = decide_reward.retry(
        reward_id, current_user().id, current_portal().chain, current_portal().settings
    )
    current_portal().wake("mint_rewards")
    return jsonify(reward_answer(reward))


@blueprint.post("/admin/rewards/<int:reward_id>/pay-missing")
@for_role("admin", reconfirm=True)
def pay_missing_reward(reward_id: int) -> ResponseReturnValue:
    """Approve what the contract still owes for a reward that it paid otherwise than owed."""
    running = current_portal()
    reward = pay_missing(reward_id, current_user().id, running.chain, running.settings)
    running.wake("mint_rewards")
    return jsonify(reward_answer(reward))


def reward_answer(reward: ReferralReward) -> dict[str, Any]:
    """Return a reward as JSON; amounts are null while it has no size."""
    wei = reward.reward_amount_wei
    return {
        "id": reward.id,
        "orderReference": reward.order_reference,
        "orderId": reward.order_id,
        "refCode": reward.ref_code,
        "referrerUserId": reward.referrer_user_id,
        "referrerWallet": checksummed(reward.referrer_wallet) or None,
        "refereeUserId": reward.referee_user_id,
        "orderTotal": major_text(reward.order_total_minor, reward.currency),
        "currency": reward.currency,
        "rewardPercent": f"{reward.reward_percent:f}",
        "bonusPercent": f"{reward.bonus_percent:f}",
        "programmeVersionId": reward.programme_version_id,
        "usdValue": None if reward.usd_value is None else f"{reward.usd_value:f}",
        "tokenPriceUsd": None if reward.token_price_usd is None else f"{reward.token_price_usd:f}",
        "rewardAmount": None if wei is None else exact_tokens(wei),
        "rewardAmountWei": None if wei is None else str(wei),
        "rewardToken": checksummed(reward.reward_token),
        "chainId": reward.chain_id,
        "rail": reward.rail,
        "status": reward.status,
        "txHash": reward.tx_hash,
        "failureReason": reward.failure_reason,
        "approvedBy": reward.approved_by,
        "mintableFrom": reward.mintable_from.isoformat(),
        "waitsForBudget": reward.waits_for_budget,
        "waitsForStatement": reward.waits_for_statement,
        "approvedAt": reward.approved_at and reward.approved_at.isoformat(),
        "createdAt": reward.created_at.isoformat(),
    }


def own_reward_answer(reward: ReferralReward) -> dict[str, Any]:
    """Return a reward as JSON for its referrer, who does not see who bought and which admin approved."""
    answer = reward_answer(reward)
    return {name: value for name, value in answer.items() if name not in ("refereeUserId", "approvedBy")}


def _visit_answer(visits: Any) -> dict[str, int]:
    return {
        "total": visits.total,
        "today": visits.today,
        "last7d": visits.last7d,
        "last28d": visits.last28d,
    }


def _order_answer(placed: PlacedOrder) -> dict[str, Any]:
    order = placed.order
    return {
        "orderId": order.id,
        "orderReference": order.order_reference,
        "total": major_text(order.total_minor, order.currency),
        "currency": order.currency,
        **_referral(order),
    }


def _reviewed(body: dict[str, object]) -> Review | None:
    """Return the review that a body confirms, None without one; raise ReviewInvalid."""
    token = text_field(body, "reviewToken", default="", at_most=REVIEW_TOKEN_MAX)
    return read_review(token, current_user().row, current_portal().settings) if token else None


def _review_answer(prepared: PreparedOrder, token: str) -> dict[str, Any]:
    review, decision = prepared.review, prepared.attribution.decision
    return {
        "lines": [
            {
                "productId": line.product_id,
                "name": line.name,
                "quantity": line.quantity,
                "price": major_text(line.unit_price_minor, line.currency),
                "subtotal": major_text(line.subtotal_minor, line.currency),
            }
            for line in prepared.lines
        ],
        "total": major_text(review.total_minor, review.currency),
        "currency": review.currency,
        "earnsReward": review.earns_reward,
        "needsDelivery": bool(prepared.delivering_vendors),
        "reviewToken": token,
        **_referral_answer(review.referral_code, decision.reason),
    }


def _referral(order: Order) -> dict[str, Any]:
    return _referral_answer(order.referral_code, order.referral_reason)


def _referral_answer(code: str | None, reason: str | None) -> dict[str, Any]:
    if code:
        return {"referralApplied": True, "referralCode": code}
    reason = reason or "no_code"
    return {"referralApplied": False, "referralReason": reason, "referralReasonText": referral_reason(reason)}


def _departure(departure: Form | Redirect) -> dict[str, Any]:
    if isinstance(departure, Form):
        target = {"action": departure.action, "method": "POST", "fields": departure.fields}
    else:
        target = {"action": departure.url, "method": "GET", "fields": {}}
    return {**target, "orderReference": departure.order_reference}
