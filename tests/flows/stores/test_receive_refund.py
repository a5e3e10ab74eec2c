"""Single refunds of connected stores, by their own ids."""

from __future__ import annotations

from typing import Any

import pytest

from models import EventLog, PaymentRefund, StoreEvent
from portal.db.checks import run_checks
from portal.flows.stores.receive_refund import RefundChanged, receive_refund
from portal.flows.stores.receive_snapshot import Applied
from portal.lib.money import InvalidAmount
from portal.orders import OrderUnknown
from portal.stores import stored_snapshot
from portal.stores.snapshots import SnapshotRefund
from tests.flows.stores.conftest import Shop


def send(shop: Shop, *, live: bool = True, external_id: str = "14", **body: Any) -> Applied:
    refund = SnapshotRefund.model_validate({"id": "15", "amount": "100.00", **body}, strict=False)
    return receive_refund(shop.store, external_id, refund, settings=shop.settings, live=live)


def booked() -> list[int]:
    return [row.amount_minor for row in PaymentRefund.select().order_by(PaymentRefund.id)]


def test_refund_is_booked_once(shop: Shop) -> None:
    shop.report()
    lines = [{"externalId": "7", "amount": "83.33"}]
    assert send(shop, lines=lines).result == "booked"
    assert send(shop, lines=lines).result == "unchanged"
    assert (booked(), shop.order().refunded_minor, shop.settlement().amount_minor) == (
        [10_000],
        8_333,
        46_665,
    )
    assert send(shop, id="16", amount="50.00").result == "booked"
    assert booked() == [10_000, 5_000]
    assert [row.external_id for row in PaymentRefund.select().order_by(PaymentRefund.id)] == ["15", "16"]


def test_snapshot_with_the_same_refund_books_nothing_more(shop: Shop) -> None:
    shop.report()
    send(shop)
    shop.report(version=2, refunds=[{"id": "15", "amount": "100.00"}])
    assert booked() == [10_000]


def test_other_amount_of_the_same_refund_is_refused(shop: Shop) -> None:
    shop.report()
    send(shop)
    with pytest.raises(RefundChanged) as refused:
        send(shop, amount="90.00")
    assert (refused.value.field, refused.value.params["amount"]) == ("amount", "100.00")
    assert booked() == [10_000]


def test_refund_above_what_was_paid_is_held(shop: Shop) -> None:
    shop.report()
    assert send(shop, amount="719.99").result == "held"
    assert booked() == []
    assert EventLog.select().where(EventLog.event == "refund_held").count() == 1
    assert StoreEvent.select().order_by(StoreEvent.id.desc()).first().outcome == "held"


def test_refund_of_an_unpaid_order_waits_for_its_payment(shop: Shop) -> None:
    shop.report(shop.open())
    assert send(shop).result == "held"
    shop.report(version=0)
    assert booked() == [10_000]


def test_reports_that_leave_refunds_out_keep_those_reported_alone(shop: Shop) -> None:
    """A store reports each refund by itself, and the order's other changes without them."""
    shop.report(shop.open())
    assert send(shop).result == "held"
    assert shop.report(version=1).notes == []
    assert booked() == [10_000]
    cancelled = shop.report(version=2, status="cancelled")
    assert [note["code"] for note in cancelled.notes] == ["cancelled_not_refunded"]
    assert send(shop, id="16", amount="20.00").result == "booked"
    assert booked() == [10_000, 2_000]
    assert shop.report(version=3, status="cancelled").result == "updated"
    assert shop.report(version=3, status="cancelled").result == "unchanged"
    listed = shop.report(version=4, refunds=[{"id": "15", "amount": "100.00"}])
    assert [note["code"] for note in listed.notes] == ["refund_withdrawn"]
    assert send(shop, id="17", amount="30.00").result == "booked"
    assert booked() == [10_000, 2_000, 1_000]
    assert run_checks() == {}


def test_refund_below_what_is_booked_is_held(shop: Shop) -> None:
    """The store took its refunds back, which undoes nothing, so the portal cannot know what the next one adds."""
    shop.report()
    send(shop)
    taken_back = shop.report(version=2, refunds=[])
    assert [note["code"] for note in taken_back.notes] == ["refund_withdrawn"]
    held = send(shop, id="16", amount="20.00")
    assert (held.result, held.notes) == ("held", [{"code": "refund_below_booked", "booked": "100.00"}])
    assert booked() == [10_000]
    assert send(shop, id="17", amount="90.00").result == "booked"
    assert booked() == [10_000, 1_000]


def test_list_without_refunds_is_stored_with_its_event(shop: Shop) -> None:
    """What a job applies later is what the store said."""
    for version, refunds in ((1, None), (2, [])):
        shop.report(version=version, **({} if refunds is None else {"refunds": refunds}))
        event = StoreEvent.select().order_by(StoreEvent.id.desc()).first()
        assert event.snapshot.get("refunds") == refunds
        assert ("refunds" in stored_snapshot(event.snapshot).snapshot.model_fields_set) == (refunds == [])
    assert shop.report(version=2).result == "unchanged"


def test_test_refund_changes_nothing(shop: Shop) -> None:
    shop.report()
    assert send(shop, live=False).result == "test"
    assert booked() == []


@pytest.mark.parametrize(
    ("body", "error", "field"),
    [
        ({"external_id": "99"}, OrderUnknown, "externalId"),
        ({"amount": "0.00"}, InvalidAmount, "amount"),
        ({"amount": "1.001"}, InvalidAmount, "amount"),
    ],
    ids=["order", "zero", "decimals"],
)
def test_bad_refunds_are_refused(shop: Shop, body: dict[str, Any], error: type, field: str) -> None:
    shop.report()
    with pytest.raises(error) as refused:
        send(shop, **body)
    assert refused.value.field == field
    assert booked() == []
