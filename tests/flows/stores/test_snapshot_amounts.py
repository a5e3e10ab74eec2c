"""Amounts of a snapshot that do not add up, or change their currency, are refused."""

from __future__ import annotations

from typing import Any

import pytest

from models import (
    Order,
    StoreEvent,
)
from portal.flows.stores.apply_snapshot import CurrencyChanged
from portal.lib.money import InvalidAmount
from portal.stores import (
    LineRepeated,
    LinesDoNotAddUp,
    RefundLineUnknown,
)
from tests.flows.stores.conftest import Shop


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"paidAmount": "719.95"}, LinesDoNotAddUp, "paidAmount"),
        ({"paidAmount": "719.985"}, InvalidAmount, "paidAmount"),
        ({"shipping": "-1.00"}, InvalidAmount, "shipping"),
        (
            {"refunds": [{"id": "1", "amount": "1.00"}, {"id": "1", "amount": "2.00"}]},
            LineRepeated,
            "refunds[1].id",
        ),
        (
            {"refunds": [{"id": "1", "amount": "1.00", "lines": [{"externalId": "99", "amount": "1.00"}]}]},
            RefundLineUnknown,
            "refunds[0].lines[0].externalId",
        ),
    ],
    ids=["sum", "decimals", "negative", "repeated", "unknown_line"],
)
def test_bad_amounts_are_refused(shop: Shop, changes: dict[str, Any], error: type, field: str) -> None:
    with pytest.raises(error) as refused:
        shop.report(**changes)
    assert refused.value.field == field
    assert not Order.select().exists()
    event = StoreEvent.get()
    assert (event.outcome, event.explanation["error"]) == ("refused", refused.value.code)


def test_rounding_of_one_unit_per_line_is_accepted(shop: Shop) -> None:
    shop.report(paidAmount="719.96")
    assert shop.order().paid_minor == 71_996


def test_currency_does_not_change(shop: Shop) -> None:
    shop.report()
    with pytest.raises(CurrencyChanged):
        shop.report(version=2, currency="EUR")
    assert shop.order().currency == "UAH"
