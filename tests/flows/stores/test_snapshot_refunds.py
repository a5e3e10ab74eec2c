"""Refunds that a store reports take back what both ledgers hold, once and in proportion."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import (
    OrderItem,
    PaymentRefund,
    ReferralReward,
    RewardDebit,
    Settlement,
    Store,
    StoreRate,
    StoreVendor,
)
from portal.db.checks import run_checks
from portal.stores import get_store
from tests.factories import make_vendor
from tests.flows.stores.conftest import Shop, refund


def test_refunds_follow_the_cumulative_total(shop: Shop) -> None:
    """A refund is deleted, another is made, then the rest: booked once, exact to the unit, one note."""
    shop.report()
    first = shop.report(version=2, refunds=[refund("15", "100.00", ("7", "83.33"))])
    assert (first.result, shop.order().refunded_minor) == ("updated", 8_333)
    second = shop.report(version=3, refunds=[refund("16", "100.00", ("7", "83.33"))])
    assert [note["code"] for note in second.notes] == ["refund_withdrawn"]
    assert [row.amount_minor for row in PaymentRefund.select()] == [10_000]
    shop.report(version=4, refunds=[refund("16", "100.00", ("7", "83.33")), refund("17", "619.98")])
    assert [row.amount_minor for row in PaymentRefund.select().order_by(PaymentRefund.id)] == [10_000, 61_998]
    order, reward = shop.order(), shop.reward()
    assert (order.status, order.refunded_minor) == ("refunded", 54_998)
    assert shop.settlement().status == "cancelled"
    assert reward is not None
    assert (reward.status, reward.failure_reason) == ("rejected", "refunded")
    assert run_checks() == {}


def test_each_refund_has_its_own_reason(shop: Shop) -> None:
    refunds = [{**refund("15", "100.00"), "reason": "broken"}]
    shop.report(refunds=refunds)
    refunds.append(refund("16", "50.00"))
    shop.report(version=2, refunds=refunds)
    refunds += [{**refund("17", "10.00"), "reason": "late"}, refund("18", "10.00")]
    shop.report(version=3, refunds=refunds)
    rows = PaymentRefund.select().order_by(PaymentRefund.id)
    assert [(row.external_id, row.reason) for row in rows] == [("15", "broken"), ("16", None), (None, "late")]


def test_refunded_lines_are_taken_from_their_vendors(shop: Shop) -> None:
    other = make_vendor()
    StoreVendor.insert(store=shop.store.id, external_id="B", vendor=other.id).execute()
    lines = [
        {"externalId": "7", "sku": "MUG-1", "quantity": 2, "amount": "299.99", "tax": "60.00"},
        {
            "externalId": "8",
            "sku": "POSTER-2",
            "vendor": "B",
            "quantity": 1,
            "amount": "249.99",
            "tax": "50.00",
        },
    ]

    def left() -> tuple[int, int]:
        own, others = shop.settlement(vendor=shop.vendor.id), shop.settlement(vendor=other.id)
        return own.amount_minor, others.amount_minor

    shop.report(lines=lines, refunds=[refund("15", "100.00", ("8", "83.33"))])
    assert left() == (29_999, 24_999 - 8_333)
    shop.report(
        version=2,
        lines=lines,
        refunds=[refund("15", "100.00", ("8", "83.33")), refund("16", "60.00", ("7", "50.00"))],
    )
    assert left() == (29_999 - 5_000, 24_999 - 8_333)
    # The store corrects the line of the first refund and refunds more: nothing is given back.
    shop.report(version=3, lines=lines, refunds=[refund("17", "200.00", ("7", "166.66"))])
    assert sum(left()) == 54_998 - 16_666
    assert run_checks() == {}


def test_refunded_lines_give_back_their_own_referral_commission(shop: Shop) -> None:
    StoreRate.insert(store=shop.store.id, sku="POSTER-2", referral_percent=Decimal(20)).execute()
    shop.report()
    assert shop.settlement().referral_commission_minor == 1_500 + 5_000
    shop.report(version=2, refunds=[refund("15", "150.00", ("8", "125.00"))])
    assert shop.settlement().referral_commission_minor == 1_500 + 2_500
    poster = refund("15", "299.99", ("8", "249.99"))
    shop.report(version=3, refunds=[poster])
    sale = shop.settlement()
    assert (sale.amount_minor, sale.referral_commission_minor) == (29_999, 1_500)
    assert run_checks() == {}
    Settlement.update(status="completed").execute()
    shop.report(version=4, refunds=[poster, refund("16", "180.00", ("7", "150.00"))])
    assert shop.settlement(kind="refund").referral_commission_minor == -750


_MUG = {"externalId": "7", "sku": "MUG-1", "quantity": 2, "amount": "299.99", "tax": "60.00"}
_POSTER = {"externalId": "8", "sku": "POSTER-2", "quantity": 1, "amount": "249.99", "tax": "50.00"}
_ADDED = {"externalId": "9", "sku": "LAMP-3", "quantity": 1, "amount": "500.00", "tax": "100.00"}


@pytest.mark.parametrize(
    ("lines", "refunds", "back"),
    [
        (
            [{**_MUG, "amount": "0.00", "tax": "0.00"}, _POSTER],
            [refund("15", "359.99", ("7", "299.99"))],
            29_999,
        ),
        (
            [{**_MUG, "amount": "149.99", "tax": "30"}, _POSTER],
            [refund("15", "180.00", ("7", "150.00"))],
            15_000,
        ),
        ([_POSTER], [refund("15", "359.99", ("7", "299.99"))], 29_999),
        ([_MUG, _POSTER, _ADDED], [refund("15", "600.00", ("9", "500.00"))], 0),
        ([_MUG, _POSTER, _ADDED], [refund("15", "600.00", ("9", "416.67"), ("7", "83.33"))], 8_333),
    ],
    ids=["taken off", "one of two pieces", "line removed", "added later", "also added later"],
)
def test_refunds_are_of_the_lines_that_were_paid(
    shop: Shop, lines: list[dict[str, object]], refunds: list[dict[str, object]], back: int
) -> None:
    """Stores take refunded pieces off their lines, or add lines that no ledger knows."""
    shop.report()
    # The refund is booked once, however often the store reports it.
    for version, more in ((2, []), (3, [refund("16", "1.20", ("8", "1.00"))])):
        shop.report(lines=lines, version=version, refunds=[*refunds, *more])
        back += 100 * len(more)
        assert (shop.order().refunded_minor, shop.settlement().amount_minor) == (back, 54_998 - back)
    assert run_checks() == {}


@pytest.mark.parametrize(("before", "after"), [("net", "gross"), ("gross", "net")])
def test_refunds_follow_the_base_that_commissions_had(shop: Shop, before: str, after: str) -> None:
    def report(base: str, **changes: object) -> int:
        Store.update(commission_base=base).where(Store.id == shop.store.id).execute()
        shop.store = get_store(shop.store.id)
        shop.report(**changes)
        return shop.order().refunded_minor

    report(before)
    back = report(after, version=2, refunds=[refund("15", "120.00", ("8", "100.00"))])
    assert back == {"net": 10_000, "gross": 12_000}[before]
    assert run_checks() == {}


@pytest.mark.parametrize(
    ("base", "lines", "named", "back"),
    [
        ("net", [_MUG, _POSTER], "83.33", 8_333),
        ("net", [{**_MUG, "amount": "149.99", "tax": "30"}, _POSTER], "150.00", 15_000),
        ("gross", [{**_MUG, "amount": "149.99", "tax": "30"}, _POSTER], "150.00", 18_000),
        ("net", [{**_MUG, "amount": "0.00", "tax": "0.00"}, _POSTER], "150.00", 15_000),
        ("net", [_POSTER], "150.00", 15_000),
    ],
    ids=["unchanged", "one of two pieces", "gross", "taken off", "line removed"],
)
def test_lines_of_an_earlier_release_have_no_net_amount(
    shop: Shop, base: str, lines: list[dict[str, object]], named: str, back: int
) -> None:
    Store.update(commission_base=base).where(Store.id == shop.store.id).execute()
    shop.store = get_store(shop.store.id)
    shop.report()
    OrderItem.update(net_minor=None).execute()
    # With the refund of shipping, so that the amount of the refund limits nothing.
    shop.report(version=2, lines=lines, refunds=[refund("15", "240.00", ("7", named))])
    assert shop.order().refunded_minor == back


def test_refund_of_the_documented_order(shop: Shop) -> None:
    shop.report(refunds=[refund("15", "100.00", ("7", "83.33"))])
    assert (shop.settlement().amount_minor, shop.settlement().commission_minor) == (46_665, 11_666)


@pytest.mark.parametrize(
    ("refunds", "back"),
    [
        ([refund("15", "10.00", ("7", "299.99"))], 1_000),
        ([refund("15", "0.00", ("7", "299.99")), refund("16", "10.00", ("7", "8.33"))], 833),
        ([refund("15", "10.00", ("7", "200.00"), ("8", "200.00"))], 1_000),
        ([refund("15", "359.99", ("7", "299.99"))], 29_999),
        ([refund("15", "60.00", ("7", "0.00"))], 0),
    ],
    ids=["more than the money", "no money", "two lines", "as much", "shipping"],
)
def test_lines_of_a_refund_take_back_no_more_than_its_amount(
    shop: Shop, refunds: list[dict[str, object]], back: int
) -> None:
    shop.report(refunds=refunds)
    assert shop.order().refunded_minor == back
    assert shop.settlement().amount_minor == 54_998 - back


def test_refund_without_lines_is_in_proportion(shop: Shop) -> None:
    shop.report(refunds=[refund("15", "100.00")])
    assert shop.order().refunded_minor == 7_639  # 549.98 * 100.00 / 719.98
    assert shop.settlement().amount_minor == 54_998 - 7_639
    assert run_checks() == {}


def test_refund_is_never_more_than_was_paid(shop: Shop) -> None:
    applied = shop.report(refunds=[refund("15", "500.00"), refund("16", "500.00")])
    assert [note["code"] for note in applied.notes] == ["refund_exceeds"]
    assert (shop.order().status, PaymentRefund.get().amount_minor) == ("refunded", 71_998)


def test_refund_before_payment_waits_for_it(shop: Shop) -> None:
    shop.report(shop.open(refunds=[refund("15", "100.00", ("7", "83.33"))]))
    assert not PaymentRefund.select().exists()
    shop.report(refunds=[refund("15", "100.00", ("7", "83.33"))])
    assert (PaymentRefund.get().amount_minor, shop.order().refunded_minor) == (10_000, 8_333)
    assert run_checks() == {}


def test_refund_after_mint_leaves_a_debit(shop: Shop) -> None:
    shop.report()
    ReferralReward.update(status="minted", tx_hash="0x" + "a" * 64).execute()
    shop.report(version=2, refunds=[refund("15", "719.98")])
    reward, debit = shop.reward(), RewardDebit.get()
    assert reward is not None
    assert debit.amount_wei == reward.reward_amount_wei
