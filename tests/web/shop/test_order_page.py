"""`/orders/<id>`: one order of its buyer, printed as a receipt."""

from __future__ import annotations

from datetime import timedelta

from models import Order, OrderItem, PaymentRefund, Refcode, User
from portal.orders import move_fulfilment
from tests.factories import ACTOR, make_order, make_payment, make_product, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_receipt_has_everything_a_buyer_keeps(
    as_owner: Visitor, owner: User, other: User, code: Refcode
) -> None:
    lamps, vases = make_vendor(name="Lamps of Lviv"), make_vendor(name="Vases of Kyiv")
    lines = [
        (make_product(lamps, name="A lamp", price_minor=76_000), 2),
        (make_product(vases, name="A vase"), 1),
    ]
    order = make_order(owner, lines, code=code, paid=True)
    make_payment(order, "paid", refunded_minor=10_000)
    refund = {"order_reference": order.order_reference, "currency": "UAH", "source": "provider"}
    assert order.paid_at is not None
    # The second was sent to the provider first and applied last.
    for amount, days in ((6_000, 2), (4_000, 1)):
        applied = order.paid_at + timedelta(days=days)
        PaymentRefund.insert(**refund, amount_minor=amount, status="applied", applied_at=applied).execute()
    PaymentRefund.insert(**refund, amount_minor=77_700, status="refused", refusal="No").execute()
    move_fulfilment(order.id, vases.id, "cancel", "It broke", ACTOR)
    page = as_owner.get(f"/orders/{order.id}")
    text = text_of(page)
    for expected in (
        "Receipt", order.order_reference, "Lamps of Lviv", "Vases of Kyiv", "A lamp", "760.00", "1,520.00",
        "2,520.00", "UAH", "Paid by", owner.name, code.code, other.name, "100.00", "40.00", "2,420.00", "It broke",
        "Cancelled by the vendor", "Not delivered yet", "They are credited for this order",
    ):  # fmt: skip
        assert expected in text, expected
    assert text.rindex("40.00") < text.rindex("60.00")
    for hidden in ("777.00", "Pay now", str(other.email)):
        assert hidden not in text
    assert f'href="/orders/{order.id}"' in as_owner.get("/orders").text


def test_unpaid_order_can_be_paid_and_is_no_receipt(as_owner: Visitor, owner: User, code: Refcode) -> None:
    order = make_order(owner, code=code)
    page = as_owner.get(f"/orders/{order.id}")
    text = text_of(page)
    assert "Receipt" not in text
    assert "Not delivered yet" not in text
    assert ("Your price stays the same" in text, "are credited for this order" in text) == (True, False)
    assert f"/checkout/pay/{order.id}" in page.text
    make_payment(order, "pending")
    assert f"/checkout/pay/{order.id}" not in as_owner.get(f"/orders/{order.id}").text
    Order.update(status="cancelled").execute()
    assert "credited" not in text_of(as_owner.get(f"/orders/{order.id}"))


def test_note_of_an_admin_to_a_vendor_is_hidden_from_the_buyer(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    vendor_id = OrderItem.get().vendor_id
    move_fulfilment(order.id, vendor_id, "cancel", "None left", ACTOR)
    move_fulfilment(order.id, vendor_id, "decline", "There are ten in the cellar", ACTOR)
    assert "cellar" not in as_owner.get(f"/orders/{order.id}").text


def test_orders_of_others_are_not_found(as_other: Visitor, client: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    assert as_other.get(f"/orders/{order.id}").status_code == 404
    assert as_other.get("/orders/nothing").status_code == 404
    answer = client.get(f"/orders/{order.id}")
    assert (answer.status_code, answer.location) == (303, f"/login?next=/orders/{order.id}")
