"""The page of payments that the payout contract made and the portal does not know."""

from __future__ import annotations

import pytest

from models import EventLog, ForeignPayment
from tests.factories import make_settlement, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PAGE = "/admin/store/commissions/treasury"
WALLET = "0x" + "a1" * 20


def unknown_payment() -> ForeignPayment:
    return ForeignPayment.create(
        chain_id=31337,
        contract_address="0x" + "c1" * 20,
        order_ref="0x" + "ab" * 32,
        wallet=WALLET,
        amount_wei=10**18,
        tx_hash="0x" + "cd" * 32,
        block_number=7,
    )


def test_page_suggests_unpaid_settlements_of_the_wallet(as_admin: Visitor) -> None:
    assert "Every payment is known" in text_of(as_admin.get(f"/en{PAGE}"))
    unknown_payment()
    settlement = make_settlement(make_vendor(name="Tea House", config_payout_wallet=WALLET))
    for locale in ("en", "uk", "ru"):
        assert as_admin.get(f"/{locale}{PAGE}").status_code == 200
    text = text_of(as_admin.get(f"/en{PAGE}"))
    for expected in ("Tea House", f"Settlement {settlement.id}", "0xcdcd", "Adopt as paid"):
        assert expected in text, expected


def test_payment_of_no_settlement_is_adopted_with_an_event(as_admin: Visitor) -> None:
    payment = unknown_payment()
    assert as_admin.submit(f"{PAGE}/{payment.id}/adopt", {"none": "1"}).status_code == 303
    assert ForeignPayment.get().adopted_at is not None
    assert EventLog.get(EventLog.event == "foreign_payment_adopted").data["txHash"] == payment.tx_hash
    assert as_admin.submit(f"{PAGE}/{payment.id}/adopt", {"none": "1"}).status_code == 404


@pytest.mark.parametrize(
    "form", [{}, {"settlements": " , "}, {"none": "1", "settlements": "1"}, {"none": "0"}]
)
def test_adopting_as_none_has_to_be_said(as_admin: Visitor, form: dict[str, str]) -> None:
    payment = unknown_payment()
    response = as_admin.submit(f"{PAGE}/{payment.id}/adopt", form)
    assert response.status_code == 422
    assert "or tick the box if it paid none" in text_of(response)
    assert ForeignPayment.get().adopted_at is None


def test_text_that_is_no_list_of_numbers_is_refused(as_admin: Visitor) -> None:
    payment = unknown_payment()
    for text in ("1;2", "one", "-1", "9" * 30):
        response = as_admin.submit(f"{PAGE}/{payment.id}/adopt", {"settlements": text})
        assert response.status_code == 422, text
        assert "separated by commas" in text_of(response)
    assert ForeignPayment.get().adopted_at is None
