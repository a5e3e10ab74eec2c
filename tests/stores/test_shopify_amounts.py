"""What an order of Shopify was paid for, and what was paid in addition."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from portal.stores import LinesDoNotAddUp, require_lines_add_up
from portal.stores.adapters.forms import amount_text
from portal.stores.adapters.protocol import DeliveryUnreadable, Reading
from portal.stores.adapters.shopify_order import TRANSACTIONS_MAX, read_order
from tests.support.shopify import ORDER, bag, line, transaction


def reading(**changes: Any) -> Reading:
    order = {**ORDER, **changes}
    return read_order(order, order["lineItems"]["nodes"])


MUG, POSTER = ORDER["lineItems"]["nodes"]


def lines_of(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(nodes)}


def nodes_of(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": list(nodes)}


def price(amount: str, received: str | None = None) -> dict[str, Any]:
    return {"totalPriceSet": bag(amount), "totalReceivedSet": bag(received or amount)}


TIP = {**line(9, "", 1, "30.00", "0", []), "name": "Tip", "vendor": None}
FREE_SHIPPING = {"shippingLines": nodes_of()}


@pytest.mark.parametrize(
    ("changes", "goods", "shipping"),
    [
        # Duties, fees and tips are in the price, and no line of goods.
        (price("745.50"), ["360", "300"], "85.5"),
        ({**price("750.00"), "totalTipReceivedSet": bag("30.00"), "lineItems": lines_of(MUG, POSTER, TIP)},
         ["360", "300"], "90"),
        # Who pays in cash pays what coins there are.
        ({**price("720.00", "719.98"), "totalCashRoundingAdjustment": {"paymentSet": bag("-0.02")}},
         ["360", "300"], "59.98"),
        # Each amount was converted from the buyer's currency by itself.
        (price("719.97"), ["360", "300"], "59.97"),
        ({**price("659.96"), **FREE_SHIPPING}, ["359.98", "299.98"], "0"),
        # Taken off before the payment: a whole line, or one of two pieces.
        ({**price("420.00"), "lineItems": lines_of(MUG, {**POSTER, "currentQuantity": 0})}, ["360"], "60"),
        ({**price("540.00"), "lineItems": lines_of({**MUG, "currentQuantity": 1}, POSTER)}, ["180", "300"], "60"),
        ({**price("570.00"), "totalTipReceivedSet": bag("30.00"),
          "lineItems": lines_of({**MUG, "currentQuantity": 1}, POSTER, TIP)}, ["180", "300"], "90"),
        # Came back after the payment: the price and what was received stay.
        ({"lineItems": lines_of({**MUG, "currentQuantity": 0}, {**POSTER, "currentQuantity": 0})},
         ["360", "300"], "60"),
        # A line of which nothing was ordered, and one for free.
        ({"lineItems": lines_of(MUG, POSTER, line(9, "GIFT", 0, "0.00", "0", []))}, ["360", "300", "0"], "60"),
    ],
    ids=["duties", "tip", "cash", "converted", "converted, no shipping", "line removed", "piece removed",
         "piece removed, tip", "returned", "gift"],
)  # fmt: skip
def test_what_was_paid_for_is_told_from_what_was_paid_in_addition(
    changes: dict[str, Any], goods: list[str], shipping: str
) -> None:
    snapshot = reading(**changes).snapshot
    gross = [amount_text(Decimal(one.amount) + Decimal(one.tax)) for one in snapshot.lines]
    assert (snapshot.status, gross, snapshot.shipping) == ("paid", goods, shipping)
    require_lines_add_up(snapshot, "UAH")


def test_order_that_is_paid_in_full_but_does_not_add_up_is_refused_instead_of_waiting_for_ever() -> None:
    snapshot = reading(**price("720.00", "500.00")).snapshot
    assert (snapshot.status, snapshot.paid_amount) == ("paid", "500")
    with pytest.raises(LinesDoNotAddUp):
        require_lines_add_up(snapshot, "UAH")


def test_order_with_more_transactions_than_are_read_is_not_guessed() -> None:
    with pytest.raises(DeliveryUnreadable) as unreadable:
        reading(transactions=[transaction(1, "REFUND", "1.00")] * TRANSACTIONS_MAX)
    assert unreadable.value.params["detail"] == "transactions: 100 or more"


def test_order_that_is_not_paid_keeps_its_lines_though_nothing_of_them_is_left() -> None:
    removed = [{**node, "currentQuantity": 0} for node in (MUG, POSTER)]
    unpaid = reading(**price("0"), **FREE_SHIPPING, lineItems=lines_of(*removed), fullyPaid=False).snapshot
    assert (unpaid.status, len(unpaid.lines)) == ("open", 2)
