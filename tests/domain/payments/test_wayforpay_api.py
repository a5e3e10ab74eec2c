"""Messages of the WayForPay JSON API. See docs/rules/payments.md."""

from __future__ import annotations

import json

import pytest

from portal.payments.providers.wayforpay.api import (
    check_status_request,
    is_authentic_refund_answer,
    is_authentic_request,
    refund_request,
    sign_refund_answer,
)
from portal.payments.providers.wayforpay.callbacks import parse_callback
from portal.payments.providers.wayforpay.signature import sign

SECRET = "flk3409refn54t54t*FNJRET"


def body(fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_refund_request_is_signed() -> None:
    fields = refund_request(SECRET, "test_merch_n1", "store_A1_5", 200, "UAH", "Returned goods")
    signature = sign(SECRET, ["test_merch_n1", "store_A1_5", "2.00", "UAH"])
    assert fields == {
        "transactionType": "REFUND",
        "merchantAccount": "test_merch_n1",
        "orderReference": "store_A1_5",
        "amount": "2.00",
        "currency": "UAH",
        "comment": "Returned goods",
        "apiVersion": "1",
        "merchantSignature": signature,
    }
    assert is_authentic_request(fields, SECRET)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "3.00"),
        ("orderReference", "store_A2_5"),
        ("transactionType", "CHECK_STATUS"),
        ("transactionType", "SALE"),
        ("merchantSignature", ""),
    ],
)
def test_changed_request_is_not_authentic(name: str, value: str) -> None:
    fields = refund_request(SECRET, "test_merch_n1", "store_A1_5", 200, "UAH", "why")
    assert not is_authentic_request({**fields, name: value}, SECRET)


def test_status_request_is_signed() -> None:
    fields = check_status_request(SECRET, "test_merch_n1", "store_A1_5")
    assert fields == {
        "transactionType": "CHECK_STATUS",
        "merchantAccount": "test_merch_n1",
        "orderReference": "store_A1_5",
        "apiVersion": "1",
        "merchantSignature": sign(SECRET, ["test_merch_n1", "store_A1_5"]),
    }
    assert is_authentic_request(fields, SECRET)
    assert not is_authentic_request(fields, SECRET + "x")
    assert not is_authentic_request(check_status_request("", "m", "r"), "")


def test_refund_answer_is_authentic_only_unchanged() -> None:
    answer = sign_refund_answer(
        SECRET,
        {
            "merchantAccount": "test_merch_n1",
            "orderReference": "store_A1_5",
            "transactionStatus": "Refunded",
            "reasonCode": 1100,
        },
    )
    assert is_authentic_refund_answer(parse_callback(body(answer)), SECRET)
    assert not is_authentic_refund_answer(parse_callback(body(answer)), "")
    changed = parse_callback(body({**answer, "transactionStatus": "Declined"}))
    assert not is_authentic_refund_answer(changed, SECRET)
