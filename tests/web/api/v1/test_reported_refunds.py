"""POST /api/v1/refunds: one refund by its id, booked once, like those of a snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from models import Order, PaymentRefund, StoreEvent
from tests.web.api.v1.conftest import Call
from tests.web.api.v1.test_reported_orders import every_row, snapshot
from tests.web.visitor import error_of


def refund(**changes: Any) -> dict[str, Any]:
    lines = [{"externalId": "7", "amount": "83.33"}]
    return {
        "externalId": "14",
        "id": "15",
        "amount": "100.00",
        "at": "2026-11-28T14:39:58Z",
        "lines": lines,
        **changes,
    }


def test_refund_is_booked_once(call: Call) -> None:
    call("/orders", snapshot())
    booked = call("/refunds", refund()).get_json()
    assert (booked["result"], booked["commissionable"]["refunded"]) == ("booked", "83.33")
    assert call("/refunds", refund()).get_json() == {**booked, "result": "unchanged"}
    assert call("/refunds", refund(note="x")).get_json()["ignoredFields"] == ["note"]
    assert PaymentRefund.select().count() == 1
    read = call("/orders?externalId=14").get_json()
    assert [(row["amount"], row["commissionable"], row["status"]) for row in read["refunds"]] == [
        ("100.00", "83.33", "applied")
    ]
    texts = [event["explanation"]["text"] for event in call("/events").get_json()["events"]]
    assert texts[1:3] == ["The refund was booked.", "Nothing has changed since the last report."]


def test_changed_amount_is_a_conflict(call: Call) -> None:
    call("/orders", snapshot())
    call("/refunds", refund())
    refused = call("/refunds", refund(amount="100.01"))
    assert (refused.status_code, error_of(refused)["code"]) == (409, "refund_changed")
    assert "100.00 UAH" in error_of(refused)["message"]


def test_refund_above_what_was_paid_is_held(call: Call) -> None:
    call("/orders", snapshot())
    answer = call("/refunds", refund(amount="1020.00", lines=[])).get_json()
    assert (answer["result"], answer["commissionable"]["refunded"]) == ("held", "0.00")
    assert answer["notes"][0]["code"] == "refund_exceeds"


def test_refund_before_the_payment_waits_for_it(call: Call) -> None:
    call("/orders", snapshot(status="open", paidAmount="0.00", paidAt=None))
    assert call("/refunds", refund()).get_json()["result"] == "held"
    assert not PaymentRefund.select().exists()


def test_test_key_books_nothing(call: Call, test_key: str) -> None:
    call("/orders", snapshot())
    before = every_row()
    answer = call("/refunds", refund(), key=test_key).get_json()
    assert (answer["result"], answer["live"], answer["commissionable"]["refunded"]) == (
        "test",
        False,
        "83.33",
    )
    assert every_row() == before
    assert StoreEvent.select().order_by(StoreEvent.id.desc()).first().outcome == "test"


def test_wrong_refund_is_refused_with_its_field(call: Call) -> None:
    call("/orders", snapshot())
    for changes, status, code, field in (
        ({"externalId": "99"}, 404, "order_unknown", "externalId"),
        ({"amount": 100}, 422, "amount_not_string", "amount"),
        ({"amount": "0.00"}, 422, "amount_invalid", "amount"),
        ({"amount": "1.001"}, 422, "amount_invalid", "amount"),
        ({"amount": "1.000"}, 422, "amount_invalid", "amount"),
        ({"amount": " 1.00"}, 422, "amount_invalid", "amount"),
        (
            {"lines": [{"externalId": "9", "amount": "1.00"}]},
            422,
            "refund_line_unknown",
            "lines[0].externalId",
        ),
        ({"id": ""}, 422, "input_invalid", "id"),
    ):
        refused = call("/refunds", refund(**changes))
        assert (refused.status_code, error_of(refused)["code"]) == (status, code), changes
        assert list(error_of(refused)["fields"]) == [field], changes
    assert Order.get().refunded_minor == 0


@pytest.mark.parametrize("text", ["83.330", " 83.33", "+83.33", "83."])
def test_amounts_of_lines_are_as_exact_as_the_refund(call: Call, text: str) -> None:
    call("/orders", snapshot())
    refused = call("/refunds", refund(lines=[{"externalId": "7", "amount": text}]))
    assert (refused.status_code, error_of(refused)["code"]) == (422, "amount_invalid")
    assert list(error_of(refused)["fields"]) == ["lines[0].amount"]
    assert not PaymentRefund.select().exists()


def test_order_is_read_with_the_times_of_the_store(call: Call) -> None:
    call("/orders", snapshot(createdAt="2026-11-28T16:39:24+02:00"))
    call("/refunds", refund())
    call("/refunds", refund(id="16", amount="1.00", at=None, lines=[]))
    read = call("/orders?externalId=14").get_json()
    assert read["createdAt"] == "2026-11-28T14:39:24+00:00"
    first, second = read["refunds"]
    assert first["at"] == "2026-11-28T14:39:58+00:00"
    assert second["at"] == PaymentRefund.get(external_id="16").created_at.isoformat()
    call("/orders", snapshot(externalId="15", createdAt=None))
    assert (
        call("/orders?externalId=15").get_json()["createdAt"]
        == Order.get(external_id="15").created_at.isoformat()
    )
