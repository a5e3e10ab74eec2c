"""The JSON API: camelCase, money as decimal strings beside a currency, tokens as decimal strings beside wei."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, after_this_request, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from portal.catalogue import list_products, parse_cart
from portal.chain import checksummed
from portal.flows.accounts.note_sighting import note_buyer, note_referred
from portal.flows.approvals import decide_reward
from portal.flows.checkout.begin_payment import begin_membership_payment, begin_order_payment
from portal.flows.checkout.place_order import PlacedOrder, place_order
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.flows.minting.mint_rewards import request_mint
from portal.flows.overviews.referrer_overview import referrer_overview
from portal.lib.money import major_text
from portal.payments import Form, Redirect
from portal.rewards import list_reward_queue
from portal.runtime import current_portal
from portal.web.core.access import for_role, public, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.core.referral_cookies import entered_code, forget_first_touch, raw_referral_cookie
from portal.web.core.requests import json_body, number_field, text_field
from portal.web.core.sightings import sighting
from portal.web.landing.beacon import ERROR_KEY, CodeNotFound, track_arrival
from portal.web.text.format import exact_tokens
from portal.web.text.messages import referral_reason

if TYPE_CHECKING:
    from models import Order, ReferralReward

blueprint = Blueprint("api", __name__, url_prefix="/api")

CHECKOUT_KEY_MAX = 64
MINT_LIMIT_MAX = 50


@blueprint.post("/refcodes/track")
@public(csrf=False)
def track() -> ResponseReturnValue:
    """Count one arrival through a share link; an error of the fast path is raised here."""
    try:
        if error := request.environ.get(ERROR_KEY):
            raise error
        track_arrival(request.environ, request.get_data(), current_app.extensions["beacon_limit"])
    except CodeNotFound as error:
        # An unknown code is not a first touch; the next link may be.
        if error.params["tried"] == raw_referral_cookie():
            after_this_request(forget_first_touch)
        raise
    return jsonify(success=True)


@blueprint.get("/store/products")
@public()
def products() -> ResponseReturnValue:
    """List the products for sale."""
    return jsonify(
        [
            {
                "productId": product.id,
                "slug": product.slug,
                "name": product.name,
                "price": major_text(product.price_minor, product.currency),
                "currency": product.currency,
                "stock": product.stock,
                "vendorId": product.vendor_id,
            }
            for product in list_products()
        ]
    )


@blueprint.post("/store/orders")
@signed_in()
def create_order() -> ResponseReturnValue:
    """Place an order; the answer says whether a referral applies and, if not, why."""
    body = json_body()
    key = text_field(body, "checkoutKey", default="", at_most=CHECKOUT_KEY_MAX)
    placed = place_order(
        current_user().row,
        parse_cart(body.get("items")),
        raw_referral_cookie(),
        current_portal().settings,
        checkout_key=key or None,
        entered_code=entered_code(),
    )
    note_buyer(placed.order, sighting, current_portal().settings)
    return jsonify(_order_answer(placed)), 201


@blueprint.post("/store/payments/<provider>")
@signed_in()
def pay_by_provider(provider: str) -> ResponseReturnValue:
    """Return the form or the address that sends the buyer to a provider."""
    order_id = text_field(json_body(), "orderId")
    settings = current_portal().settings
    return jsonify(
        _departure(begin_order_payment(order_id, current_user().row, select_locale(), settings, provider))
    )


@blueprint.post("/store/payments/credit")
@signed_in()
def pay_by_credit() -> ResponseReturnValue:
    """Pay an order from internal credit."""
    order_id = text_field(json_body(), "orderId")
    order = pay_with_credit(order_id, current_user().row, current_portal().chain, current_portal().settings)
    current_portal().wake("mint_rewards")
    return jsonify({"success": True, "orderReference": order.order_reference, **_referral(order)})


@blueprint.post("/membership/upgrade")
@signed_in()
def upgrade_membership() -> ResponseReturnValue:
    """Return the signed form that pays for a membership tier."""
    tier = text_field(json_body(), "tier")
    form = begin_membership_payment(tier, current_user().row, select_locale(), current_portal().settings)
    note_referred(current_user().row, sighting, current_portal().settings)
    return jsonify(_departure(form))


@blueprint.get("/refcodes")
@signed_in()
def refcodes() -> ResponseReturnValue:
    """Return the person's codes with visit statistics, totals and newest rewards."""
    overview = referrer_overview(current_user().id, current_portal().settings)
    return jsonify(
        {
            "codes": [
                {
                    "code": card.code.code,
                    "walletAddress": checksummed(card.code.wallet_address),
                    "active": card.code.active,
                    "shareUrl": card.share_url,
                    "createdAt": card.code.created_at.isoformat(),
                    "visitStats": _visit_answer(card.visits),
                }
                for card in overview.cards
            ],
            "stats": {
                status: {"count": count, "amount": exact_tokens(wei), "amountWei": str(wei)}
                for status, (count, wei) in overview.totals.items()
            },
            "rewards": [reward_answer(reward) for reward in overview.rewards.rewards],
        }
    )


@blueprint.post("/refcodes/mint")
@for_role("admin", reconfirm=True)
def mint() -> ResponseReturnValue:
    """Mint one reward by id, or the oldest ones that may be minted, at most `limit`."""
    body = json_body()
    limit = number_field(body, "limit", default=10, at_least=1, at_most=MINT_LIMIT_MAX)
    reward_id = body.get("rewardId")
    if reward_id is not None:
        reward_id = number_field(body, "rewardId", default=0, at_least=1, at_most=2**63 - 1)
    return jsonify(
        request_mint(
            current_portal().chain, current_portal().settings, limit, current_user().id, reward_id
        ).as_json()
    )


@blueprint.get("/admin/rewards")
@for_role("admin")
def reward_queue() -> ResponseReturnValue:
    """List the rewards of a status, oldest first, keyset-paged."""
    status = request.args.get("status") or "pending_approval"
    page = list_reward_queue(status, request.args.get("cursor"))
    return jsonify(
        {"rewards": [reward_answer(reward) for reward in page.rewards], "nextCursor": page.next_cursor}
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


def reward_answer(reward: ReferralReward) -> dict[str, Any]:
    """Return a reward as JSON; amounts are null while it has no size."""
    wei = reward.reward_amount_wei
    return {
        "id": reward.id,
        "orderReference": reward.order_reference,
        "orderId": reward.order_id,
        "refCode": reward.ref_code,
        "referrerUserId": reward.referrer_user_id,
        "referrerWallet": checksummed(reward.referrer_wallet),
        "refereeUserId": reward.referee_user_id,
        "orderTotal": major_text(reward.order_total_minor, reward.currency),
        "currency": reward.currency,
        "rewardPercent": f"{reward.reward_percent:f}",
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
        "approvedAt": reward.approved_at and reward.approved_at.isoformat(),
        "createdAt": reward.created_at.isoformat(),
    }


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


def _referral(order: Order) -> dict[str, Any]:
    if order.referral_code:
        return {"referralApplied": True, "referralCode": order.referral_code}
    reason = order.referral_reason or "no_code"
    return {"referralApplied": False, "referralReason": reason, "referralReasonText": referral_reason(reason)}


def _departure(departure: Form | Redirect) -> dict[str, Any]:
    if isinstance(departure, Form):
        target = {"action": departure.action, "method": "POST", "fields": departure.fields}
    else:
        target = {"action": departure.url, "method": "GET", "fields": {}}
    return {**target, "orderReference": departure.order_reference}
