"""POST /api/v1/attribution: whether a code would apply to a buyer; nothing is stored."""

from __future__ import annotations

from models import Customer, Refcode, StoreEvent, User
from tests.web.api.v1.conftest import Call
from tests.web.api.v1.test_reported_orders import snapshot
from tests.web.visitor import error_of


def test_code_applies_to_a_new_buyer(call: Call, code: Refcode) -> None:
    body = {
        "referralCode": code.code,
        "customer": {"email": "new@example.test"},
        "currency": "UAH",
        "amount": "10.00",
    }
    answer = call("/attribution", body).get_json()
    assert (answer["referralApplied"], answer["referralCode"], answer["referralReason"]) == (
        True,
        code.code,
        None,
    )
    assert [step["passed"] for step in answer["trace"]] == [True] * 4
    assert not Customer.select().where(Customer.store != 1).exists()
    assert not StoreEvent.select().exists()


def test_reason_is_named_in_words(call: Call, code: Refcode, other: User) -> None:
    User.update(email_confirmed_at=other.created_at).where(User.id == other.id).execute()
    call("/orders", snapshot())
    buyers = {
        "unknown_code": ("Ab3dE5gH", {"email": "new@example.test"}),
        "self_referral": (code.code, {"email": other.email.upper()}),
        "not_first_purchase": (code.code, {"email": "Buyer@Example.test"}),
    }
    for reason, (text, customer) in buyers.items():
        answer = call("/attribution", {"referralCode": text, "customer": customer}).get_json()
        assert (answer["referralApplied"], answer["referralReason"]) == (False, reason)
        assert answer["referralReasonText"].endswith("nobody is credited.")


def test_amount_is_checked_with_its_currency(call: Call, code: Refcode) -> None:
    for more, field in (
        ({"amount": "1.00"}, "currency"),
        ({"amount": "1.001", "currency": "UAH"}, "amount"),
        ({"amount": "-1.00", "currency": "UAH"}, "amount"),
        ({"currency": "QQQ"}, "currency"),
        ({"amount": 1, "currency": "UAH"}, "amount"),
    ):
        refused = call("/attribution", {"referralCode": code.code, **more})
        assert refused.status_code == 422
        assert list(error_of(refused)["fields"]) == [field]
