"""What vendors do with their lines of orders: guarded changes, event rows, no change of a ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from models import EventLog, JournalTransfer, Order, OrderFulfilment, Settlement
from portal.db import connection
from portal.lib.errors import PortalError
from portal.orders import (
    NOTE_MAX,
    FulfilmentNoteInvalid,
    FulfilmentOrderStatus,
    FulfilmentStatusConflict,
    OrderUnknown,
    has_waiting_cancellation,
    list_fulfilments,
    move_fulfilment,
)
from tests.factories import ACTOR, make_order, make_payment, make_product, make_settlement, make_user


def sold(status: str = "paid") -> tuple[str, int]:
    """Return the id of an order and of the vendor of its line."""
    product = make_product()
    order = make_order(make_user(), [(product, 1)], paid=status in ("paid", "refunded"))
    if status != order.status:
        Order.update(status=status).where(Order.id == order.id).execute()
    return order.id, product.vendor_id


def move(order_id: str, vendor_id: int, *changes: tuple[str, str]) -> OrderFulfilment:
    for change, note in changes:
        move_fulfilment(order_id, vendor_id, change, note, ACTOR)
    return list_fulfilments([order_id])[order_id][vendor_id]


def test_each_change_is_stored_with_its_event(database: str) -> None:
    order_id, vendor_id = sold()
    row = move(order_id, vendor_id, ("deliver", "  Parcel   17 "))
    assert (row.status, row.note) == ("delivered", "Parcel 17")
    row = move(order_id, vendor_id, ("reopen", ""), ("cancel", "Broken"), ("decline", "Send another"))
    assert (row.status, row.note) == ("open", "Send another")
    row = move(order_id, vendor_id, ("cancel", "None left"), ("close", "Refunded 77"))
    assert (row.status, row.note) == ("closed", "None left")
    events = EventLog.select().where(EventLog.entity == "order_fulfilment").order_by(EventLog.id)
    assert [(event.event, event.reason) for event in events] == [
        ("order_delivered", "Parcel 17"),
        ("delivery_reopened", None),
        ("delivery_cancelled", "Broken"),
        ("cancellation_declined", "Send another"),
        ("delivery_cancelled", "None left"),
        ("cancellation_closed", "Refunded 77"),
    ]
    assert {event.order_reference for event in events} == {Order.get_by_id(order_id).order_reference}
    assert {event.data["vendorId"] for event in events} == {vendor_id}


@pytest.mark.parametrize(
    ("status", "changes", "error"),
    [
        ("created", [("deliver", "")], FulfilmentOrderStatus),
        ("cancelled", [("deliver", "")], FulfilmentOrderStatus),
        ("cancelled", [("cancel", "No")], FulfilmentOrderStatus),
        ("refunded", [("deliver", "")], FulfilmentOrderStatus),
        ("refunded", [("cancel", "No")], FulfilmentOrderStatus),
        ("paid", [("close", "")], FulfilmentStatusConflict),
        ("paid", [("reopen", "")], FulfilmentStatusConflict),
        ("paid", [("deliver", ""), ("deliver", "")], FulfilmentStatusConflict),
        ("paid", [("cancel", "No"), ("deliver", "")], FulfilmentStatusConflict),
        ("paid", [("cancel", "No"), ("close", ""), ("reopen", "")], FulfilmentStatusConflict),
        ("paid", [("cancel", " ")], FulfilmentNoteInvalid),
        ("paid", [("cancel", "No"), ("decline", "")], FulfilmentNoteInvalid),
        ("paid", [("deliver", "x" * (NOTE_MAX + 1))], FulfilmentNoteInvalid),
    ],
    ids=lambda value: "-".join(change for change, _ in value) if isinstance(value, list) else None,
)
def test_impossible_change_is_refused_and_changes_nothing(
    database: str, status: str, changes: list[tuple[str, str]], error: type[PortalError]
) -> None:
    order_id, vendor_id = sold(status)
    for change, note in changes[:-1]:
        move_fulfilment(order_id, vendor_id, change, note, ACTOR)
    before = list(OrderFulfilment.select().dicts()), EventLog.select().count()
    with pytest.raises(error):
        move_fulfilment(order_id, vendor_id, *changes[-1], ACTOR)
    assert (list(OrderFulfilment.select().dicts()), EventLog.select().count()) == before


def test_order_that_does_not_exist_is_unknown(database: str) -> None:
    with pytest.raises(OrderUnknown):
        move_fulfilment("nothing", 1, "deliver", "", ACTOR)


def test_cancelling_paid_lines_waits_for_an_admin_and_changes_no_ledger(database: str) -> None:
    order_id, vendor_id = sold()
    order = Order.get_by_id(order_id)
    make_payment(order, "paid")
    make_settlement(
        OrderFulfilment.vendor.rel_model.get_by_id(vendor_id), order_reference=order.order_reference
    )
    before = list(Settlement.select().dicts()), JournalTransfer.select().count()
    assert not has_waiting_cancellation()
    move(order_id, vendor_id, ("cancel", "None left"))
    assert has_waiting_cancellation()
    assert (list(Settlement.select().dicts()), JournalTransfer.select().count()) == before
    assert Order.get_by_id(order_id).status == "paid"
    move(order_id, vendor_id, ("close", ""))
    assert not has_waiting_cancellation()


def test_cancellation_of_unpaid_lines_waits_once_the_order_is_paid(database: str) -> None:
    order_id, vendor_id = sold("created")
    move(order_id, vendor_id, ("cancel", "None left"))
    assert not has_waiting_cancellation()
    Order.update(status="paid", paid_at=Order.get().created_at).execute()
    assert has_waiting_cancellation()
    Order.update(status="refunded").execute()
    assert not has_waiting_cancellation()


def test_one_of_several_simultaneous_changes_succeeds(database: str) -> None:
    order_id, vendor_id = sold()
    results: list[str] = []
    start = threading.Barrier(4)

    def run(change: str) -> Callable[[], None]:
        def attempt() -> None:
            with connection():
                start.wait()
                try:
                    move_fulfilment(order_id, vendor_id, change, "A note", ACTOR)
                    results.append(change)
                except FulfilmentStatusConflict:
                    results.append("refused")

        return attempt

    threads = [threading.Thread(target=run(change)) for change in ("deliver", "cancel") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [result for result in results if result != "refused"]
    assert OrderFulfilment.get().status == {"deliver": "delivered", "cancel": "cancelled"}[winner]
    assert EventLog.select().where(EventLog.entity == "order_fulfilment").count() == 1
