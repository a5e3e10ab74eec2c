"""Unpaid orders on the pages: where a buyer finds them, pays them another way, or cancels them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import Order, OrderItem, Product, User
from portal.lib.clock import utc_now
from portal.payments import credit_balance
from tests.factories import give_credit, make_order, make_payment, make_product
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor


@pytest.fixture
def order(owner: User) -> Order:
    return make_order(owner, [(make_product(name="A lamp", price_minor=76_000), 1)])


def page_of(order: Order) -> str:
    return f"/checkout/processing/{order.order_reference}"


def order_product_id(order: Order) -> int:
    return int(OrderItem.get(OrderItem.order == order.id).product_id)


def test_checkout_with_an_empty_cart_leads_to_the_unpaid_orders(as_owner: Visitor, order: Order) -> None:
    page = as_owner.get("/checkout")
    assert page.status_code == 200
    assert f'href="{page_of(order)}"' in page.text
    assert f'action="/orders/{order.id}/cancel"' in page.text
    assert 'class="error-summary"' not in page.text


def test_checkout_shows_no_expired_or_foreign_order(
    as_owner: Visitor, as_other: Visitor, order: Order
) -> None:
    assert order.order_reference not in as_other.get("/checkout").text
    Order.update(created_at=utc_now() - timedelta(hours=73)).execute()
    assert order.order_reference not in as_owner.get("/checkout").text


def test_return_without_paying_leads_to_the_unpaid_order(as_owner: Visitor, order: Order) -> None:
    make_payment(order)
    answer = as_owner.post(f"/checkout/return/{order.order_reference}")
    assert (answer.status_code, answer.location) == (303, page_of(order))
    page = as_owner.get(answer.location)
    assert "Pay now" in text_of(page)
    assert "Cancel the order" in text_of(page)


def test_own_order_without_a_payment_has_a_page(as_owner: Visitor, as_other: Visitor, order: Order) -> None:
    page = as_owner.get(page_of(order))
    assert page.status_code == 200
    assert "The order is not paid yet" in text_of(page)
    assert "hx-trigger" not in page.text
    assert as_other.get(page_of(order)).status_code == 404


@pytest.mark.parametrize("status", [None, "created", "redirected", "failed", "cancelled"])
def test_every_unpaid_order_can_be_paid_by_credit(
    as_owner: Visitor, owner: User, order: Order, status: str | None
) -> None:
    if status:
        make_payment(order, status)
    assert "Pay from credit" not in as_owner.get(page_of(order)).text
    give_credit(owner, 100_000)
    action = f"/checkout/pay/{order.id}"
    page = as_owner.get(page_of(order))
    assert "Pay from credit" in page.text
    review = form_fields(page, action)["review"][0]
    answer = as_owner.submit(action, {"method": "credit", "review": review})
    assert answer.status_code == 303
    assert "Paid. Thank you!" in text_of(as_owner.get(answer.location))
    assert credit_balance(owner.id, "UAH") == 24_000
    # The page of the earlier attempt leads to the payment that counts.
    assert "Paid. Thank you!" in text_of(as_owner.get(page_of(order), follow_redirects=True))


@pytest.mark.parametrize("method", ["wayforpay", "credit"])
@pytest.mark.parametrize("is_same", [True, False])
def test_payment_empties_the_cart_of_the_same_goods_only(
    as_owner: Visitor, owner: User, order: Order, method: str, *, is_same: bool
) -> None:
    lamp = order_product_id(order)
    as_owner.fill_cart((lamp, 1) if is_same else (make_product(name="A mug").id, 2))
    before = as_owner.cart()
    give_credit(owner, 100_000)
    assert as_owner.submit(f"/checkout/pay/{order.id}", {"method": method}).status_code in (200, 303)
    assert as_owner.cart() == ({} if is_same else before)


def test_refused_credit_leaves_the_card_open(as_owner: Visitor, order: Order) -> None:
    make_payment(order, "failed")
    action = f"/checkout/pay/{order.id}"
    page = as_owner.submit(action, {"method": "credit"})
    assert page.status_code == 409
    assert "Your credit does not cover this order." in text_of(page)
    assert as_owner.submit(action, {"method": "wayforpay"}).status_code == 200


def test_order_that_cannot_be_sold_says_why_and_can_be_cancelled(as_owner: Visitor, order: Order) -> None:
    Product.update(stock=0).execute()
    for page in (as_owner.get(page_of(order)), as_owner.submit(f"/checkout/pay/{order.id}")):
        assert "A lamp is sold out." in text_of(page)
        assert "Pay now" not in text_of(page)
        assert "Cancel the order" in text_of(page)


@pytest.mark.parametrize("status", [None, "redirected", "failed"])
def test_order_is_cancelled_by_its_buyer(
    as_owner: Visitor, as_other: Visitor, order: Order, status: str | None
) -> None:
    if status:
        make_payment(order, status)
    action = f"/orders/{order.id}/cancel"
    assert as_owner.get(action).status_code == 405
    assert as_owner.post(action, data={"csrf_token": "forged"}).status_code == 400
    assert as_other.submit(action).status_code == 404
    assert Order.get().status == "created"
    answer = as_owner.submit(action)
    assert (answer.status_code, answer.location) == (303, "/orders")
    page = text_of(as_owner.get("/orders"))
    assert "Cancelled" in page
    assert "Pay now" not in page
    assert "The order is cancelled" in text_of(as_owner.get(page_of(order)))
    assert as_owner.submit(f"/checkout/pay/{order.id}").status_code == 409


@pytest.mark.parametrize("status", ["pending", "paid"])
def test_pending_or_paid_order_is_not_cancelled(as_owner: Visitor, order: Order, status: str) -> None:
    make_payment(order, status)
    if status == "paid":
        Order.update(status="paid", paid_at=utc_now(), paid_minor=order.total_minor).execute()
    assert as_owner.submit(f"/orders/{order.id}/cancel").status_code == 409
    assert Order.get().status != "cancelled"
    assert "Cancel the order" not in as_owner.get("/orders").text


def test_orders_page_leads_to_every_order(as_owner: Visitor, owner: User) -> None:
    product = make_product()
    moment = utc_now()
    orders = [make_order(owner, [(product, 1)], created_at=moment) for _ in range(52)]
    seen: list[str] = []
    url = "/orders"
    while url:
        page = as_owner.get(url)
        shown = [order.order_reference for order in orders if order.order_reference in page.text]
        assert shown
        seen += shown
        _, has_next, rest = page.text.partition('rel="next" href="')
        url = rest.split('"')[0] if has_next else ""
    assert sorted(seen) == sorted(order.order_reference for order in orders)
    assert as_owner.get("/orders?after=nothing").status_code == 200
