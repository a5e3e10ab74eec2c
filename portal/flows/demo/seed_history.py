"""Four weeks of demo sales, written by the real flows and moved into the past. See `story` and `past`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models import MerchantConfig, Order, Product, ReferralReward, Settlement, Store, User, Vendor
from portal.accounts import create_user, find_user_by_email, register_wallet
from portal.catalogue import CartLine, NewProduct, create_product, save_picture
from portal.chain import AnyChain
from portal.codes import issue_code, set_alias
from portal.commissions import hold_settlement, payout_time, payouts
from portal.commissions.payout_plans import read_plan
from portal.commissions.payout_queries import list_payouts_of_batch
from portal.commissions.payout_rules import WALLET_MISSING, PayoutPlan
from portal.db import Actor, connection, query, transaction
from portal.flows.approvals.decide_reward import approve, reject
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.close_order import cancel_order
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.departure import mark_redirected
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.checkout.open_attempt import open_attempt
from portal.flows.checkout.place_order import place_order
from portal.flows.checkout.settle_payment import pay_with_credit, settle_locked
from portal.flows.checkout.size_reward import Market, read_market
from portal.flows.demo.connected_shop import sell_in_connected_shop
from portal.flows.demo.past import moved_to, writable_history
from portal.flows.demo.seed_demo import ACTOR, CURRENCY, DemoData
from portal.flows.demo.story import BUYERS, DAYS, MEMBERSHIPS, REFERRERS, DemoOrder, demo_orders, demo_visits
from portal.flows.payouts.pay_settlements import SIMULATED, run_payouts
from portal.flows.refunds.refund_payment import refund_locked
from portal.lib.clock import utc_now
from portal.lib.pictures import read_picture
from portal.orders import Delivery, get_order, list_order_items, move_fulfilment
from portal.payments import (
    add_credit,
    lock_payment,
    lock_refund,
    move_payment,
    offered_provider,
    record_refund,
)
from portal.settings import Settings

_WALLET = "0x00000000000000000000000000000000000d{:04x}"
_DELIVERY = Delivery("Demo Recipient", "+380 00 000 00 00", "Demo street 1, 79000 Lviv, Ukraine")
_UNDECIDED_DAYS, _UNDELIVERED_DAYS = 9, 3
_MORE_PRODUCTS = (
    (
        "Demo Tea House",
        "tea-gift-box",
        "Tea gift box",
        "Three teas and a jar of honey, sent to an address.",
        89_000,
        60,
    ),
    (
        "Demo Book Corner",
        "poster-print",
        "Mountain poster, 50 × 70 cm",
        "A print in a tube, sent to an address.",
        45_000,
        80,
    ),
)


@dataclass(frozen=True)
class _Demo:
    """The people, codes and settings of the story; `codes` has the demo login's code first."""

    now: datetime
    settings: Settings
    chain: AnyChain
    market: Market
    admin: User
    seller: User
    buyers: list[User]
    codes: list[str]

    def context(self, actor: Actor) -> LedgerContext:
        return LedgerContext(self.settings, self.market, actor)


def seed_history(demo: DemoData, chain: AnyChain, settings: Settings) -> int:
    """Write the story after `seed_demo`, once, in one transaction; return how many orders it has now.

    Rewards that the story approves are minted by the portal itself, so the chain shows what the pages say.
    """
    orders = (
        Order.select().join(User, on=(Order.buyer == User.id)).where(User.email.endswith("@demo.example"))
    )
    if orders.exists() or Store.select().where(Store.name == "Demo Pottery").exists():
        return 0
    # The history has card payments, whether the portal takes them now or not.
    settings = settings.model_copy(update={"card_payments": True})
    market = read_market(chain, settings, CURRENCY)
    with connection(), transaction(), writable_history():
        story = _set_up(demo, chain, market, settings)
        for order in demo_orders(story.now):
            _tell_order(story, order)
        _sell_memberships(story)
        sell_in_connected_shop(story.now, story.codes, story.admin.id, chain, settings)
        _decide_rewards(story)
        _pay_vendors(story)
        _count_visits(story)
    return Order.select().count()


def _set_up(demo: DemoData, chain: AnyChain, market: Market, settings: Settings) -> _Demo:
    now = utc_now()
    with moved_to(now - timedelta(days=DAYS + 2)):
        codes = [demo.referral_code, *(_referrer(number, name) for number, name in enumerate(REFERRERS, 1))]
        buyers = [_person(name) for name in BUYERS]
        set_alias(codes[1], "zoryana-demo", ACTOR, settings.brand_name)
        _add_products()
    admin, seller = (_login(demo, name) for name in ("admin", "vendor"))
    return _Demo(now, settings, chain, market, admin, seller, buyers, codes)


def _login(demo: DemoData, name: str) -> User:
    user = find_user_by_email(demo.logins[name]["email"])
    assert user is not None
    return user


def _person(name: str) -> User:
    """Create an account that nobody can sign in to: it has no password and its address does not exist."""
    return create_user(f"{name.lower().replace(' ', '.')}@demo.example", f"{name} (demo)", None, actor=ACTOR)


def _referrer(number: int, name: str) -> str:
    user = _person(name)
    wallet = register_wallet(user.id, _WALLET.format(number), ACTOR)
    return str(issue_code(user.id, wallet, ACTOR).code)


def _add_products() -> None:
    from portal.flows.demo.draw_pictures import draw_picture  # noqa: PLC0415 - Pillow, for the first start only

    for vendor_name, slug, name, description, price_minor, stock in _MORE_PRODUCTS:
        vendor = Vendor.get(Vendor.name == vendor_name)
        product_id = create_product(
            NewProduct(vendor.id, slug, name, description, price_minor, CURRENCY, stock)
        )
        Product.update(needs_delivery=True).where(Product.id == product_id).execute()
    for product in Product.select():
        if raw := draw_picture(product.slug):
            save_picture(product.id, read_picture(raw), {"en": product.name}, ACTOR, vendor_ids=None)


def _tell_order(story: _Demo, order: DemoOrder) -> None:
    """Place an order and let happen to it what the story says."""
    buyer = story.buyers[order.buyer]
    with moved_to(order.at):
        placed = _place(story, order, buyer)
        if order.outcome == "credit":
            add_credit(buyer.id, placed.total_minor, CURRENCY, "Demo credit", ACTOR)
            pay_with_credit(placed.id, buyer, story.chain, story.settings)
        elif order.outcome == "cancelled":
            cancel_order(placed.id, buyer.id)
        else:
            _pay(story, placed, buyer, order)
        _schedule_payouts(story, placed.order_reference, order.at)
    if "refunded" in order.outcome:
        with moved_to(min(order.at + timedelta(days=2), story.now)):
            _refund(placed.order_reference, is_whole=order.outcome == "refunded")
    elif order.outcome in ("paid", "credit") and story.now - order.at > timedelta(days=_UNDELIVERED_DAYS):
        with moved_to(order.at + timedelta(days=1)):
            _deliver(story, placed.id, is_late=order.number == 19)


def _place(story: _Demo, order: DemoOrder, buyer: User) -> Order:
    lines = [CartLine(Product.get(Product.slug == slug).id, 1 + order.number % 2) for slug in order.slugs]
    code = None if order.referrer is None else story.codes[order.referrer]
    return place_order(buyer, lines, code, story.settings, delivery=_DELIVERY).order


def _pay(story: _Demo, placed: Order, buyer: User, order: DemoOrder) -> None:
    """Open the payment of an order and let the provider report what the story says, if anything."""
    provider = offered_provider("", story.settings)
    mark_redirected(open_attempt(placed.id, buyer, provider, Actor.user(buyer.id)), Actor.user(buyer.id))
    lock_buyer(payment := lock_payment(placed.order_reference))
    if order.outcome == "declined":
        reason = "Declined by the bank (demo)"
        move_payment(payment, "failed", actor=Actor.provider(provider.name), reason=reason)
    elif order.outcome != "unpaid":
        settle_locked(payment, story.context(Actor.provider(provider.name)))


def _sell_memberships(story: _Demo) -> None:
    """Let buyers pay for a month of membership: the portal's own sale, without a vendor."""
    provider = offered_provider("", story.settings)
    for buyer, (days, tier) in zip(story.buyers, MEMBERSHIPS, strict=False):
        with moved_to(story.now - timedelta(days=days)):
            opened = begin_membership_payment(tier, buyer, "en", story.settings)
            lock_buyer(payment := lock_payment(opened.order_reference))
            settle_locked(payment, story.context(Actor.provider(provider.name)))
    query(_END_MEMBERSHIPS)


def _schedule_payouts(story: _Demo, order_reference: str, paid_at: datetime) -> None:
    """Set when the settlements of a reference fall due, which the flow computed from the present time."""
    for settlement in Settlement.select().where(Settlement.order_reference == order_reference):
        terms = MerchantConfig.get(MerchantConfig.vendor == settlement.vendor_id)
        due = payout_time(paid_at, terms.hold_days, terms.payout_frequency, story.settings.timezone)
        Settlement.update(scheduled_for=due).where(Settlement.id == settlement.id).execute()


def _refund(order_reference: str, *, is_whole: bool) -> None:
    payment = lock_payment(order_reference)
    amount = payment.amount_minor if is_whole else payment.amount_minor // 4
    refund = record_refund(payment, amount, "requested", ACTOR, source="provider")
    refund_locked(payment, lock_refund(refund.id), ACTOR)


def _deliver(story: _Demo, order_id: str, *, is_late: bool) -> None:
    actor = Actor.user(story.seller.id)
    for vendor_id in {item.vendor_id for item in list_order_items(get_order(order_id).id)}:
        if is_late:
            move_fulfilment(order_id, vendor_id, "cancel", "Out of stock (demo)", actor)
        else:
            move_fulfilment(order_id, vendor_id, "deliver", "", actor)


def _decide_rewards(story: _Demo) -> None:
    """Reject two waiting rewards, approve the older ones, and leave the recent ones to the visitor of the demo."""
    waiting = ReferralReward.select().where(ReferralReward.status == "pending_approval")
    for number, reward in enumerate(waiting.order_by(ReferralReward.created_at)):
        decided_at = reward.created_at + timedelta(hours=20)
        if number in (3, 7):
            with moved_to(decided_at):
                reject(reward.id, "Buyer and referrer are the same person (demo)", story.admin.id)
        elif story.now - reward.created_at > timedelta(days=_UNDECIDED_DAYS):
            with moved_to(decided_at):
                approve(reward.id, story.admin.id, story.settings)


def _pay_vendors(story: _Demo) -> None:
    """Hold one settlement and pay what was due each Monday; later ones are paid by the portal when they fall due."""
    pending = Settlement.select().where(
        (Settlement.status == "pending") & (Settlement.collected_by == "platform")
    )
    latest = pending.order_by(Settlement.created_at.desc()).first()
    if latest is not None:
        with moved_to(latest.created_at + timedelta(minutes=5)):
            hold_settlement(latest.id, "The parcel is being searched for (demo)", Actor.user(story.admin.id))
    failed = False
    for days in range(DAYS, 0, -1):
        moment = (story.now - timedelta(days=days)).replace(hour=6, minute=0, second=0)
        if moment.weekday() == 0:
            with moved_to(moment), _only_due(story, moment):
                failed = failed or _fail_first_payout()
                run_payouts(story.settings, ACTOR)


@contextmanager
def _only_due(story: _Demo, moment: datetime) -> Iterator[None]:
    """Let what falls due after a moment of the past wait during the block."""
    later = (Settlement.status == "pending") & (Settlement.scheduled_for > moment)
    century = timedelta(days=36_500)
    Settlement.update(scheduled_for=Settlement.scheduled_for + century).where(later).execute()
    yield
    Settlement.update(scheduled_for=Settlement.scheduled_for - century).where(
        Settlement.scheduled_for > story.now + century / 2
    ).execute()


def _fail_first_payout() -> bool:
    """Fail the payout of one settlement, which an admin can retry; return whether one was due."""
    due = read_plan(lock=True).payouts
    if not due:
        return False
    smallest = replace(due[0], rows=due[0].rows[:1], released_minor=0)
    batch_id = payouts.open_batch(
        PayoutPlan((smallest,)), mode=SIMULATED, key=None, actor=ACTOR, quotes={}, own_addresses=()
    )
    assert batch_id is not None
    payouts.begin_batch(batch_id, ACTOR)
    for payout in list_payouts_of_batch(batch_id):
        payouts.fail_payout(payout.id, WALLET_MISSING, ACTOR)
    payouts.finish_batch(batch_id, ACTOR)
    return True


def _count_visits(story: _Demo) -> None:
    """Add the visits of the story to the codes' days and totals, and to the platform's."""
    for code, by_day in zip(story.codes, demo_visits(story.now), strict=True):
        for days, visits in enumerate(by_day):
            day = (story.now - timedelta(days=days)).date()
            query(_ADD_VISITS, {"code": code, "day": day, "visits": visits})


# A month ends by the time of its start, which `moved_to` changed.
_END_MEMBERSHIPS = """
WITH ends AS (UPDATE membership_months SET ends_at = starts_at + interval '1 month' RETURNING user_id, ends_at)
UPDATE users SET membership_until = ends.ends_at FROM ends WHERE users.id = ends.user_id
"""

_ADD_VISITS = """
WITH bucket AS (
    INSERT INTO visit_daily AS d (code, day, visits) VALUES (%(code)s, %(day)s, %(visits)s)
    ON CONFLICT (code, day) DO UPDATE SET visits = d.visits + excluded.visits
), platform AS (
    INSERT INTO platform_visits AS p (day, shard, visits) VALUES (%(day)s, 0, %(visits)s)
    ON CONFLICT (day, shard) DO UPDATE SET visits = p.visits + excluded.visits
)
UPDATE refcodes SET visits_total = visits_total + %(visits)s,
    last_visit_at = greatest(last_visit_at, %(day)s::date + interval '12 hours')
WHERE code = %(code)s
"""
