"""Snapshots of connected stores become orders and both ledgers, whatever their order and number."""

from __future__ import annotations

import itertools
import random
import subprocess
import threading
from decimal import Decimal
from typing import Any

import pytest

from models import (
    Customer,
    Order,
    Refcode,
    ReferralReward,
    Settlement,
    StoreCoupon,
    StoreEvent,
    StoreRate,
    StoreVendor,
    User,
)
from portal.db import connection
from portal.db.checks import run_checks
from portal.dev.postgres import postgres_binaries
from portal.flows.stores.receive_snapshot import settle_store_event, settle_store_events
from portal.lib.texts import clean_line
from portal.stores import (
    record_store_event,
    set_coupon,
    set_rate,
)
from portal.stores.merging import stored_snapshot
from tests.factories import ACTOR, make_store, make_vendor
from tests.flows.stores.conftest import PAID_AT, Shop, read_snapshot, refund

LEDGERS = [
    "orders",
    "order_items",
    "store_orders",
    "customers",
    "payment_transactions",
    "payment_refunds",
    "settlements",
    "erp_sales_assists",
    "referral_rewards",
    "journal_transfers",
    "event_log",
    "notifications",
    "mail_outbox",
    "store_vendors",
]


def test_paid_order_writes_both_ledgers(shop: Shop) -> None:
    applied = shop.report()
    order = shop.order()
    assert (applied.result, applied.order_reference) == ("created", order.order_reference)
    assert order.order_reference.startswith(f"store_{order.id}_")
    assert (order.status, order.total_minor, order.paid_minor, order.paid_at) == (
        "paid",
        54_998,
        71_998,
        PAID_AT,
    )
    assert (order.referral_code, order.buyer_user_id, order.external_id) == (shop.code.code, None, "14")
    settlement, reward = shop.settlement(), shop.reward()
    assert (settlement.amount_minor, settlement.referral_commission_minor) == (54_998, 2_750)
    assert reward is not None
    assert (reward.status, reward.rail, reward.usd_value) == ("pending_approval", "fiat", Decimal("0.687475"))
    assert run_checks() == {}


@pytest.mark.parametrize("base", ["net", "gross"])
def test_commission_base(shop: Shop, base: str) -> None:
    shop.store = make_store(shop.vendor, commission_base=base)
    shop.report()
    assert shop.order().total_minor == {"net": 54_998, "gross": 65_998}[base]


def test_same_snapshot_changes_nothing(shop: Shop) -> None:
    first = shop.report()
    before = dump()
    again = shop.report()
    assert (again.result, again.order_id) == ("unchanged", first.order_id)
    assert dump() == before
    assert [event.outcome for event in StoreEvent.select().order_by(StoreEvent.id)] == [
        "created",
        "unchanged",
    ]


def test_older_snapshot_is_stale(shop: Shop) -> None:
    shop.report(version=5)
    before = dump()
    assert shop.report(version=4, paidAmount="0.00", status="open").result == "stale"
    assert dump() == before


def test_test_mode_writes_no_ledger(shop: Shop) -> None:
    before = dump()
    applied = shop.report(live=False)
    assert applied.result == "test"
    assert dump() == before
    event = StoreEvent.get()
    assert (event.outcome, event.live, event.explanation["wouldBe"]) == ("test", False, "created")


def test_unpaid_order_earns_nothing_until_it_is_paid(shop: Shop) -> None:
    shop.report(shop.open(status="open"))
    order = shop.order()
    assert (order.status, order.paid_at, order.referral_code) == ("created", None, shop.code.code)
    assert not Settlement.select().exists()
    lines = [{"externalId": "9", "sku": "CUP", "quantity": 1, "amount": "100.00", "tax": "20.00"}]
    assert shop.report(lines=lines, shipping="0.00", paidAmount="120.00").result == "updated"
    assert (shop.order().total_minor, shop.settlement().amount_minor) == (10_000, 10_000)
    assert run_checks() == {}


def test_paid_lines_are_frozen(shop: Shop) -> None:
    shop.report()
    changed = [{"externalId": "7", "sku": "MUG-1", "quantity": 1, "amount": "100.00", "tax": "20.00"}]
    applied = shop.report(version=2, lines=changed, shipping="0.00", paidAmount="120.00")
    assert [note["code"] for note in applied.notes] == ["paid_changed"]
    assert (shop.order().total_minor, shop.settlement().amount_minor) == (54_998, 54_998)


def test_cancelled_paid_order_keeps_its_ledgers(shop: Shop) -> None:
    shop.report()
    applied = shop.report(version=2, status="cancelled")
    assert [note["code"] for note in applied.notes] == ["cancelled_not_refunded"]
    assert (shop.order().status, shop.settlement().status) == ("paid", "pending")


def test_cancelled_unpaid_order_can_still_be_paid(shop: Shop) -> None:
    shop.report(shop.open())
    shop.report(shop.open(version=1, status="cancelled"))
    assert shop.order().status == "cancelled"
    shop.report(version=2)
    assert (shop.order().status, shop.settlement().amount_minor) == ("paid", 54_998)


def test_free_order_leaves_nothing_waiting(shop: Shop) -> None:
    lines = [{"externalId": "7", "sku": "MUG-1", "quantity": 1, "amount": "0.00"}]
    shop.report(lines=lines, shipping="0.00", paidAmount="0.00")
    assert (shop.order().status, shop.reward()) == ("paid", None)
    shop.report(externalId="15", paidAt=shop.later(5))
    assert shop.order("15").referral_code == shop.code.code
    assert run_checks() == {}


def test_lines_go_to_the_vendors_of_the_store(shop: Shop) -> None:
    other = make_vendor()
    StoreVendor.insert(store=shop.store.id, external_id="B", vendor=other.id).execute()
    StoreRate.insert(store=shop.store.id, sku="POSTER-2", referral_percent=Decimal(20)).execute()
    lines = [
        {"externalId": "7", "sku": "MUG-1", "vendor": "unknown", "quantity": 2, "amount": "299.99", "tax": "60.00"},
        {"externalId": "8", "sku": "POSTER-2", "vendor": "B", "quantity": 1, "amount": "249.99", "tax": "50.00"},
    ]  # fmt: skip
    shop.report(lines=lines)
    assert shop.settlement(vendor=shop.vendor.id).amount_minor == 29_999
    items = shop.settlement(vendor=other.id).metadata["commissionBreakdown"]["referralByItem"]
    assert [(item["source"], item["percent"]) for item in items] == [("product", "20")]
    unknown = StoreVendor.get(StoreVendor.external_id == "unknown")
    assert unknown.vendor_id is None


@pytest.mark.parametrize(
    ("customer", "changes", "reason"),
    [
        ({"email": "Buyer@Example.TEST "}, {}, "not_first_purchase"),
        ({"email": "other@example.test", "earlierPaidOrders": 1}, {}, "not_first_purchase"),
        ({"email": "other@example.test"}, {}, None),
        ({"externalId": "77"}, {}, None),
        ({}, {}, None),
        ({"email": "other@example.test"}, {"referralCode": None}, "no_code"),
        ({"email": "other@example.test"}, {"referralCode": "Zz9Zz9Zz"}, "unknown_code"),
        ({"email": "OWNER@пошта.укр"}, {}, "self_referral"),
        ({"email": "owner@xn--80a1acn3a.xn--j1amh"}, {}, "self_referral"),
        ({"walletAddress": "owner's"}, {}, "wallet_overlap"),
    ],
    ids=["case", "earlier", "new", "id", "guest", "no_code", "unknown", "self", "punycode", "wallet"],
)
def test_guards(shop: Shop, customer: dict[str, Any], changes: dict[str, Any], reason: str | None) -> None:
    owner = shop.code.owner_user_id
    User.update(email="owner@пошта.укр", email_confirmed_at=PAID_AT).where(User.id == owner).execute()
    if "walletAddress" in customer:
        customer = {"walletAddress": shop.code.wallet_address}
    shop.report()
    shop.report(externalId="15", customer=customer, paidAt=shop.later(1), **changes)
    order = shop.order("15")
    assert order.referral_reason == reason
    assert (order.referral_code is None) == (reason is not None)
    details = [step["detail"] for step in order.referral_trace if step["guard"] == "first_purchase"]
    assert set(details) <= (
        {None} if "email" in customer or "externalId" in customer else {"customer_unknown"}
    )
    assert len(details) == {None: 2, "not_first_purchase": 1}.get(reason, 0)  # when reported, and when paid


def test_unconfirmed_address_proves_nobody(shop: Shop) -> None:
    User.update(email="buyer@example.test", email_confirmed_at=None).where(
        User.id == shop.code.owner_user_id
    ).execute()
    shop.report()
    assert shop.order().referral_code == shop.code.code


def test_customer_of_before_the_connection_is_known(shop: Shop) -> None:
    shop.report(shop.open())
    Customer.update(bought_before=True).execute()
    shop.report()
    assert shop.order().referral_reason == "not_first_purchase"


@pytest.mark.parametrize(
    ("saved", "reported"),
    [
        ("Чай 10", "\u200bчаи\u0306  10 "),
        ("Café", "cafe\u0301"),
        ("anna10", "\tANNA10\ufeff"),
        ("ЇЖАК", "і\u0308жак"),
    ],
)
def test_coupons_and_skus_are_the_same_in_any_normal_form(shop: Shop, saved: str, reported: str) -> None:
    set_coupon(shop.store.id, saved, shop.code.code, ACTOR)
    set_rate(shop.store.id, clean_line(saved.lower(), "sku"), Decimal(9), ACTOR)
    line = {"externalId": "7", "sku": reported.lower(), "quantity": 1, "amount": "100.00", "tax": "0.00"}
    shop.report(referralCode=None, couponCodes=[reported], lines=[line], shipping="0.00", paidAmount="100.00")
    assert shop.order().referral_code == shop.code.code
    reward = shop.reward()
    assert reward is not None
    assert reward.reward_percent == 9


def test_coupon_credits_its_code_unless_one_came_along(shop: Shop) -> None:
    StoreCoupon.insert(store=shop.store.id, coupon="anna10", code=shop.code.code).execute()
    shop.report(referralCode=None, couponCodes=["ANNA10"])
    order = shop.order()
    assert (order.referral_code, order.referral_trace[0]["source"]) == (shop.code.code, "coupon")
    other = {"customer": {"email": "other@example.test"}, "paidAt": shop.later(1)}
    shop.report(externalId="15", referralCode="Zz9Zz9Zz", couponCodes=["anna10"], **other)
    assert shop.order("15").referral_reason == "unknown_code"


def test_guards_run_again_when_paid(shop: Shop) -> None:
    shop.report(shop.open())
    Refcode.update(active=False).execute()
    shop.report()
    assert (shop.order().referral_reason, shop.reward()) == ("unknown_code", None)


def test_earlier_order_that_is_reported_late_is_the_first(shop: Shop) -> None:
    shop.report(externalId="20", paidAt=shop.later(5))
    assert shop.reward("20") is not None
    shop.report(externalId="14")
    late, first = shop.order("20"), shop.order("14")
    assert (first.referral_code, late.referral_reason) == (shop.code.code, "not_first_purchase")
    assert shop.reward("20") is None
    settlement = shop.settlement("20")
    assert (settlement.referral_commission_minor, settlement.commission_minor) == (0, 11_000)
    assert run_checks() == {}


def test_decided_reward_is_not_withdrawn(shop: Shop) -> None:
    shop.report(externalId="20", paidAt=shop.later(5))
    ReferralReward.update(status="approved").execute()
    shop.report(externalId="14")
    assert shop.order("14").referral_reason == "not_first_purchase"
    assert shop.order("20").referral_code == shop.code.code


def test_event_that_was_not_applied_is_applied_later(shop: Shop) -> None:
    """The portal died between storing the snapshot and applying it."""
    shop.report(shop.open(externalId="other"))
    known = stored_snapshot(StoreEvent.get().snapshot)
    paid = shop.snapshot(externalId="14", customer={})
    content = {**paid.model_dump(mode="json", by_alias=True), "customerKeys": list(known.customer_keys)}
    event_id = record_store_event(shop.store.id, "api.order", external_id="14", snapshot=content)
    assert settle_store_events(shop.chain, shop.settings) == 0  # its request may still be at work
    assert settle_store_event(event_id, shop.chain, shop.settings) is not None
    assert settle_store_event(event_id, shop.chain, shop.settings) is None
    assert (shop.order().status, StoreEvent.get_by_id(event_id).outcome) == ("paid", "created")
    assert run_checks() == {}


def test_final_state_does_not_depend_on_the_order(shop: Shop) -> None:
    """Two orders of one buyer, reported in any order with duplicates, end in one state."""
    fourteen = [
        shop.open(version=1, referralCode=None),
        shop.snapshot(version=2, referralCode=None),
        shop.snapshot(version=2, referralCode=None, refunds=[refund("15", "100.00")]),
        shop.snapshot(version=3, referralCode=None, refunds=[refund("15", "100.00"), refund("16", "619.98")]),
    ]
    twenty = [
        shop.open(externalId="20", version=1),
        shop.snapshot(externalId="20", version=2, paidAt=shop.later(5)),
        shop.snapshot(
            externalId="20", version=2, paidAt=shop.later(5), refunds=[refund("9", "50.00", ("7", "41.67"))]
        ),
    ]
    randomness, states = random.Random(14), set()
    for _ in range(12):
        shop.store = make_store(shop.vendor)
        deliveries = (fourteen + twenty) * 2
        randomness.shuffle(deliveries)
        for each in deliveries:
            shop.report(each)
        states.add(state_of(shop.store.id))
        assert len(states) == 1
    assert run_checks() == {}


@pytest.mark.system_postgres
def test_concurrent_reports_make_one_order(shop: Shop) -> None:
    barrier, results = threading.Barrier(6), []

    def report() -> None:
        with connection():
            barrier.wait()
            results.append(shop.report().result)

    threads = [threading.Thread(target=report) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["created", *["unchanged"] * 5]
    assert (Order.select().count(), Settlement.select().count(), ReferralReward.select().count()) == (1, 1, 1)


def test_buyer_is_stored_nowhere(shop: Shop, database: str) -> None:
    person = {"email": "olena.secret@example.test", "name": "Olena Secret", "phone": "+380440000000"}
    body = shop.snapshot().model_dump(mode="json", by_alias=True) | {"customer": person, "ip": "203.0.113.77"}
    shop.report(read_snapshot(body))
    dump_text = subprocess.run(
        [str(postgres_binaries() / "pg_dump"), "--data-only", "--inserts", database],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "MUG-1" in dump_text
    for trace in ("olena", "Secret", "380440000000", "203.0.113.77"):
        assert trace not in dump_text


def state_of(store_id: int) -> tuple[Any, ...]:
    """Return the ledgers of a store without what differs by chance: ids, references and times of writing."""
    rows = Order.raw(
        """SELECT o.external_id, o.status, o.total_minor, o.paid_minor, o.refunded_minor, o.referral_code,
               o.referral_reason, s.kind, s.status AS s_status, s.amount_minor, s.commission_minor,
               s.metadata->>'commissionBreakdown' AS b,
               r.status AS r_status, r.reward_amount_wei, p.refunded_minor AS back
           FROM orders o JOIN payment_transactions p ON p.order_reference = o.order_reference
           LEFT JOIN settlements s ON s.order_reference = o.order_reference
           LEFT JOIN referral_rewards r ON r.order_reference = o.order_reference
           WHERE o.store_id = %s ORDER BY 1, 8, 10""",
        store_id,
    ).tuples()
    return tuple(itertools.chain(map(tuple, rows)))


def dump() -> dict[str, list[Any]]:
    return {table: list(Order.raw(f"SELECT t::text FROM {table} t ORDER BY 1").tuples()) for table in LEDGERS}
