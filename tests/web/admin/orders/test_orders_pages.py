"""`/admin/orders`: every order of every store, its page, and cancellations by vendors."""

from __future__ import annotations

import pytest

from models import Order, OrderFulfilment, OrderItem, PaymentRefund, Refcode, StoreEvent, StoreOrder, User
from portal.orders import move_fulfilment
from portal.stores import ensure_customers
from tests.factories import (
    ACTOR,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_settlement,
    make_store,
    make_user,
    make_vendor,
)
from tests.support.statements import count_statements
from tests.web.exports.ledger_files import csv_rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def store_order(buyer: User) -> Order:
    """Create an order of a connected store with its newest state and two events."""
    store = make_store()
    (customer,) = ensure_customers(store.id, ["hash-of-a-customer"])
    order = make_order(buyer)
    Order.update(
        store=store.id, customer=customer.id, buyer=None, external_id="gid-77", collected_by="store"
    ).where(Order.id == order.id).execute()
    StoreOrder.insert(
        order=order.id, store=store.id, external_id="gid-77", number="1042", version=7, snapshot={},
        snapshot_sha256="0",
    ).execute()  # fmt: skip
    for version, outcome, kind in ((6, "created", "order.created"), (7, "updated", "api.order")):
        StoreEvent.insert(
            store=store.id, kind=kind, verified=True, live=True, outcome=outcome, external_id="gid-77",
            order_reference=order.order_reference, snapshot={"version": version},
            explanation={"notes": [{"code": "paid_changed", "paid": "5.00"}] if version == 7 else []},
        ).execute()  # fmt: skip
    return Order.get_by_id(order.id)


def test_list_shows_orders_of_all_stores_and_filters_them(
    as_admin: Visitor, owner: User, code: Refcode
) -> None:
    lamp = make_product(name="A lamp", slug="lamp-1", price_minor=76_000)
    credited = make_order(owner, [(lamp, 2)], code=code, paid=True)
    remote = store_order(make_user("Hidden Name"))
    text = text_of(as_admin.get("/admin/orders"))
    for expected in ("A lamp × 2", "1,520.00", code.code, remote.store.name, "1042"):
        assert expected in text, expected
    # In the filter, in the row, and on the page of the order.
    assert text_of(as_admin.get("/uk/admin/orders")).count("Вбудований магазин") == 2
    assert "Вбудований магазин" in text_of(as_admin.get(f"/uk/admin/orders/{credited.id}"))
    for query, found in (
        (f"number={credited.order_reference}", credited),
        ("number=1042", remote),
        ("number=%201042%E2%80%8B", remote),
        (f"store={remote.store_id}", remote),
        ("status=paid", credited),
        ("referral=yes", credited),
        ("referral=no", remote),
        (f"code={code.code}", credited),
        ("product=lamp-1", credited),
        ("product=A%20LAMP", credited),
    ):
        page = as_admin.get(f"/admin/orders?{query}").text
        assert f"/admin/orders/{found.id}" in page, query
        assert page.count('href="/admin/orders/') == 1, query
        (row,) = csv_rows(as_admin.get(f"/admin/orders.csv?{query}"))
        assert row["order_reference"] == found.order_reference, query
    assert "No order matches" in text_of(as_admin.get("/admin/orders?currency=UAH&status=refunded"))
    for wrong in ("since=soon", "status=lost", "store=77", "store=x", "currency=XXQ", "referral=perhaps",
                  "waiting=no", "product=%E2%80%AE"):  # fmt: skip
        assert "There is a problem" in text_of(as_admin.get(f"/admin/orders?{wrong}")), wrong
        assert as_admin.get(f"/admin/orders.csv?{wrong}").status_code == 422, wrong


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("no_code", "No referral link was followed, so nobody is credited."),
        ("self_referral", "The buyer followed their own referral link, so nobody is credited."),
        ("wallet_overlap", "The referrer's wallet is one of the buyer's, so nobody is credited."),
    ],
)
def test_reason_of_a_referral_speaks_of_the_buyer(
    as_admin: Visitor, owner: User, reason: str, words: str
) -> None:
    order = make_order(owner)
    Order.update(referral_reason=reason).where(Order.id == order.id).execute()
    assert words in text_of(as_admin.get(f"/admin/orders/{order.id}"))
    # Most orders of the list have no link and need not say so.
    assert (words in text_of(as_admin.get("/admin/orders"))) == (reason != "no_code")


def test_number_of_statements_does_not_depend_on_the_number_of_orders(as_admin: Visitor, owner: User) -> None:
    def statements() -> int:
        with count_statements() as sent:
            assert as_admin.get("/admin/orders").status_code == 200
        return sent.count

    order = make_order(owner, paid=True)
    move_fulfilment(order.id, OrderItem.get().vendor_id, "cancel", "None left", ACTOR)
    as_admin.get("/admin/orders")
    before = statements()
    for _ in range(4):
        store_order(owner)
        make_order(owner, [(make_product(), 1), (make_product(), 1)], paid=True)
    assert statements() == before


def test_page_of_an_order_shows_both_ledgers_and_its_refunds(
    as_admin: Visitor, owner: User, code: Refcode
) -> None:
    vendor = make_vendor(name="Lamps of Lviv")
    order = make_order(owner, [(make_product(vendor, name="A lamp"), 1)], code=code, paid=True)
    make_payment(order, "paid", refunded_minor=10_000)
    PaymentRefund.insert(
        order_reference=order.order_reference, amount_minor=10_000, currency="UAH", source="provider",
        status="applied", reason="A scratch", applied_at=order.created_at,
    ).execute()  # fmt: skip
    make_settlement(vendor, order_reference=order.order_reference, order_id=order.id)
    make_reward(code, "minted", order_reference=order.order_reference, order_id=order.id)
    page = as_admin.get(f"/admin/orders/{order.id}")
    text = text_of(page)
    for expected in (
        owner.name, str(owner.email), "A lamp", "Lamps of Lviv", "Minted", "Platform commission", "A scratch",
        f"Credited to {code.code}", "Refund the buyer", "Download the proof",
    ):  # fmt: skip
        assert expected in text, expected
    assert f"/admin/audit?orderReference={order.order_reference}" in page.text


def test_order_of_a_connected_store_shows_its_history_and_no_personal_data(as_admin: Visitor) -> None:
    order = store_order(make_user("Hidden Name"))
    text = text_of(as_admin.get(f"/admin/orders/{order.id}"))
    for expected in (
        f"A customer of {order.store.name}", "1042", "gid-77", "The order was updated.", "5.00",
        "Webhook, signature verified", "Sent with a key of the store",
    ):  # fmt: skip
        assert expected in text, expected
    for hidden in ("Hidden Name", "hash-of-a-customer", "api.order", "order.created"):
        assert hidden not in text
    (row,) = csv_rows(as_admin.get("/admin/orders.csv"))
    assert (row["number"], row["external_id"], row["buyer_user_id"]) == ("1042", "gid-77", "")
    assert not {"email", "name", "customer_key"} & set(row)


def test_cancelled_lines_of_a_paid_order_wait_for_an_admin(as_admin: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid")
    item = OrderItem.get()
    assert "Vendors have cancelled" not in text_of(as_admin.get("/admin/orders"))
    move_fulfilment(order.id, item.vendor_id, "cancel", "None left", ACTOR)
    assert "Vendors have cancelled" in text_of(as_admin.get("/admin/orders"))
    make_order(owner, paid=True)
    waiting = as_admin.get("/admin/orders?waiting=yes").text
    assert waiting.count('href="/admin/orders/') == 1
    path, form = f"/admin/orders/{order.id}/cancellation", {"vendor": item.vendor_id}
    assert "None left" in text_of(as_admin.get(f"/admin/orders/{order.id}"))
    missing = as_admin.submit(f"{path}/decline", form)
    assert (missing.status_code, "Write a note" in text_of(missing)) == (422, True)
    assert as_admin.submit(f"{path}/decline", {**form, "note": "Send a new one"}).status_code == 303
    assert OrderFulfilment.get().status == "open"
    assert as_admin.submit(f"{path}/close", form).status_code == 409
    move_fulfilment(order.id, item.vendor_id, "cancel", "None left", ACTOR)
    assert as_admin.submit(f"{path}/close", form).status_code == 303
    assert OrderFulfilment.get().status == "closed"
    assert Order.get_by_id(order.id).status == "paid"
    for wrong in ({"vendor": make_vendor().id}, {"vendor": "x"}, {}):
        assert as_admin.submit(f"{path}/close", wrong).status_code == 409
    assert as_admin.submit("/admin/orders/nothing/cancellation/close", form).status_code in (404, 409)


@pytest.mark.parametrize("path", ["/admin/orders", "/admin/orders/nothing", "/admin/orders.csv"])
def test_only_admins_read_all_orders(
    client: Visitor, as_owner: Visitor, as_seller: Visitor, path: str
) -> None:
    assert client.get(path).status_code in (303, 401)
    assert as_owner.get(path).status_code == 403
    assert as_seller.get(path).status_code == 403


def test_order_that_does_not_exist_is_not_found(as_admin: Visitor) -> None:
    assert as_admin.get("/admin/orders/nothing").status_code == 404
