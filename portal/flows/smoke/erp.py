"""Smoke check of a sale: code, guards, paid order, settlement, assist and reward under one reference.

It runs in one transaction that is rolled back, so its rows are never visible.
"""

from __future__ import annotations

import secrets

from models import MerchantConfig, Order, User
from portal.accounts import register_wallet, release_wallet
from portal.catalogue import CartLine, NewProduct, create_product, create_vendor
from portal.chain import AnyChain
from portal.codes import issue_code, set_code_active
from portal.commissions import list_assists, list_settlements_of_reference
from portal.db import transaction
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.place_order import place_order
from portal.flows.checkout.receive_callback import receive_callback
from portal.flows.smoke.steps import ACTOR, Steps, clearing_of, smoke_account, smoke_callback
from portal.lib.money import major_text, percent_of
from portal.orders import get_order
from portal.payments import get_payment
from portal.programme import get_percent_policy, resolve_referral_commission_percent
from portal.rewards import find_reward_by_reference
from portal.settings import Settings

_PRICE_MINOR = 100_000
_CURRENCY = "UAH"


class _Undo(Exception):
    """Roll back the transaction."""


def smoke_erp(chain: AnyChain, settings: Settings, steps: Steps) -> None:
    """Take a sale through every guard and both ledgers, then roll back; raise SmokeFailed."""
    try:
        with transaction():
            _walk(chain, settings, steps)
            raise _Undo
    except _Undo:
        steps.say("  ok    rolled back: only gaps in the numbering remain")


def _walk(chain: AnyChain, settings: Settings, steps: Steps) -> None:
    run = secrets.token_hex(4)
    referrer, buyer = smoke_account(f"seller-{run}"), smoke_account(f"buyer-{run}")
    wallet = f"0x{secrets.token_hex(20)}"
    code = issue_code(referrer.id, register_wallet(referrer.id, wallet, ACTOR), ACTOR).code
    steps.check("a code is issued for a wallet", len(code) == 8, code)
    lines = [CartLine(_product(run), 2)]
    _check_guards(referrer, buyer, code, wallet, lines, settings, steps)
    order = place_order(buyer, lines, code, settings).order
    steps.check("an order of another buyer is credited", order.referral_code == code, order.referral_reason)
    _pay(order, buyer, chain, settings)
    _check_ledgers(order.id, chain, settings, steps)
    again = place_order(buyer, lines, code, settings).order.referral_reason
    steps.check("a second purchase is refused as not_first_purchase", again == "not_first_purchase", again)


def _product(run: str) -> int:
    name = f"Smoke check {run}"
    vendor = create_vendor(name, actor=ACTOR)
    MerchantConfig.insert(vendor=vendor.id).execute()
    return create_product(NewProduct(vendor.id, f"smoke-{run}", name, "", _PRICE_MINOR, _CURRENCY, stock=10))


def _check_guards(
    referrer: User,
    buyer: User,
    code: str,
    wallet: str,
    lines: list[CartLine],
    settings: Settings,
    steps: Steps,
) -> None:
    def refused(person: User, given: str | None, reason: str, what: str) -> None:
        refusal = place_order(person, lines, given, settings).order.referral_reason
        steps.check(f"{what} is refused as {reason}", refusal == reason, refusal)

    refused(buyer, None, "no_code", "an order without a code")
    refused(buyer, "zzzzzzzz", "unknown_code", "an unknown code")
    set_code_active(code, False, ACTOR)
    refused(buyer, code, "unknown_code", "a deactivated code")
    set_code_active(code, True, ACTOR)
    refused(referrer, code, "self_referral", "one's own code")
    release_wallet(referrer.id, wallet, ACTOR)
    register_wallet(buyer.id, wallet, ACTOR)
    refused(buyer, code, "wallet_overlap", "a code of one's own wallet")
    release_wallet(buyer.id, wallet, ACTOR)
    register_wallet(referrer.id, wallet, ACTOR)


def _pay(order: Order, buyer: User, chain: AnyChain, settings: Settings) -> None:
    begin_order_payment(order.id, buyer, "en", settings)
    callback = smoke_callback(get_payment(order.order_reference), "paid", settings)
    # Sent twice, as providers may do.
    receive_callback(callback, chain, settings)
    receive_callback(callback, chain, settings)


def _check_ledgers(order_id: str, chain: AnyChain, settings: Settings, steps: Steps) -> None:
    order = get_order(order_id)
    reference = order.order_reference
    steps.check("a signed callback, sent twice, pays the order once", order.status == "paid", order.status)
    settlements = list_settlements_of_reference(reference)
    steps.check("one settlement per vendor", len(settlements) == 1, len(settlements))
    percent = resolve_referral_commission_percent(None, None, get_percent_policy(settings)).percent
    expected = major_text(percent_of(order.total_minor, percent), order.currency)
    commission = settlements[0].metadata["commissionBreakdown"]["referralCommission"]
    steps.check(
        f"with a referral commission of {expected} {order.currency}", commission == expected, commission
    )
    assists = list_assists(reference)
    steps.check("one assist", [row.referral_code for row in assists] == [order.referral_code])
    reward = find_reward_by_reference(reference)
    steps.check("one reward of the same reference", reward and reward.ref_code == order.referral_code)
    if reward and reward.status == "failed":
        steps.skip("the reward's size", str(reward.failure_reason))
    left = clearing_of(reference)
    steps.check("the clearing account is empty", left == 0, left)
    differences = [difference.code for difference in audit_reference(reference, chain, settings).differences]
    steps.check("the audit finds no difference", not differences, ", ".join(differences))
