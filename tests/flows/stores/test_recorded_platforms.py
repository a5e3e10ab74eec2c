"""Recorded deliveries of Medusa and Vendure, applied in any order and more than once, leave the same ledgers."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from models import PaymentRefund, Settlement
from portal.lib.money import to_major
from portal.stores.adapters.medusa import Medusa
from portal.stores.adapters.protocol import StoreAdapter
from portal.stores.adapters.vendure import Vendure
from portal.stores.snapshots import OrderSnapshot
from tests.flows.stores.conftest import PAID_AT, Shop
from tests.support.captures import order_of, recorded, recorded_content, standard

SHUFFLES = 12


def snapshots(adapter: StoreAdapter, numbers: tuple[int, ...]) -> list[OrderSnapshot]:
    return [order_of(adapter, *recorded(number)) for number in numbers]


def booked(shop: Shop, external_id: str) -> tuple[str, Decimal, Decimal, Decimal]:
    """Return the state of an order, and in major units what was paid, refunded and is left of the settlements."""
    order = shop.order(external_id)
    refunds = PaymentRefund.select().where(PaymentRefund.order_reference == order.order_reference)
    rows = Settlement.select().where(
        (Settlement.order_reference == order.order_reference) & (Settlement.status != "cancelled")
    )
    sums = (
        order.paid_minor or 0,
        sum(refund.amount_minor for refund in refunds),
        sum(row.amount_minor for row in rows),
    )
    paid, refunded, left = (to_major(amount, order.currency) for amount in sums)
    return order.status, paid, refunded, left


@pytest.mark.parametrize(
    ("adapter", "numbers", "expected"),
    [
        pytest.param(Medusa(), (23, 24, 25), ("30", "3.33", "17.78"), id="medusa, refunded in part"),
        pytest.param(Medusa(), (26, 27, 28, 29), ("30", "30", "0"), id="medusa, refunded in two steps"),
        pytest.param(Medusa(), (30, 31), ("0", "0", "0"), id="medusa, cancelled unpaid"),
        pytest.param(Vendure(), (38, 39, 40), ("1284.97", "0", "1066.64"), id="vendure, refund pending"),
        pytest.param(
            Vendure(),
            (43, 44, 45, 46, 47, 48),
            ("1284.97", "100", "983.63"),
            id="vendure, one refund settled",
        ),
    ],
)
def test_any_order_of_recorded_deliveries_leaves_the_same_ledgers(
    shop: Shop, adapter: StoreAdapter, numbers: tuple[int, ...], expected: tuple[str, str, str]
) -> None:
    read = snapshots(adapter, numbers)
    left = set()
    for shuffle in range(SHUFFLES):
        # One order for each run, known by the run's number.
        run = [snapshot.model_copy(update={"external_id": f"run-{shuffle}"}) for snapshot in read]
        run += random.Random(shuffle).choices(run, k=3)
        random.Random(shuffle).shuffle(run)
        for snapshot in run:
            shop.report(snapshot)
        left.add(booked(shop, f"run-{shuffle}"))
    [(_, paid, refunded, settled)] = left
    assert (paid, refunded, settled) == tuple(map(Decimal, expected))


def test_vendure_order_that_is_cancelled_but_not_refunded_warns_and_changes_no_ledger(shop: Shop) -> None:
    paid = order_of(Vendure(), *recorded(45))
    shop.report(paid)
    before = booked(shop, paid.external_id)
    content = recorded_content(45)
    content |= {"createdAt": "2026-11-28T14:59:00.000Z"}
    content["order"] |= {"state": "Cancelled", "total": 0, "totalWithTax": 0}
    for line in content["order"]["lines"]:
        line |= dict.fromkeys(("quantity", "proratedLinePrice", "proratedLinePriceWithTax"), 0)
    applied = shop.report(order_of(Vendure(), standard(content, PAID_AT), PAID_AT))
    assert [note["code"] for note in applied.notes] == ["cancelled_not_refunded"]
    assert booked(shop, paid.external_id) == before
