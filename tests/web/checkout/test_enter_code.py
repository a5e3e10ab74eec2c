"""Referral codes entered at checkout. See docs/rules/attribution.md."""

from __future__ import annotations

import pytest

from models import Order, Product, Refcode, User
from portal.db import query
from tests.factories import give_credit, make_code, make_order, make_product, make_user
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

ENTER = "/checkout/code"


@pytest.fixture
def product(database: str) -> Product:
    return make_product(name="A teapot", price_minor=98_000)


@pytest.fixture
def buyer(as_owner: Visitor, product: Product) -> Visitor:
    """Return a buyer at the review step."""
    as_owner.fill_cart((product.id, 1))
    return as_owner


def source_of(order: Order) -> str | None:
    return next(step["source"] for step in order.referral_trace if step["guard"] == "code_known")


def test_review_offers_the_code_field(buyer: Visitor) -> None:
    fields = form_fields(buyer.get("/checkout"), ENTER)
    assert set(fields) == {"csrf_token", "referralCode"}


def test_entered_code_is_credited_and_its_source_stored(buyer: Visitor, owner: User, code: Refcode) -> None:
    answer = buyer.submit(ENTER, {"referralCode": code.code})
    assert (answer.status_code, answer.location) == (303, "/checkout#referral")
    page = buyer.get("/checkout")
    assert 'class="referral-badge"' in page.text
    give_credit(owner, 1_000_000)
    assert buyer.check_out("credit").status_code == 303
    order = Order.get()
    assert (order.referral_code, order.status, source_of(order)) == (code.code, "paid", "entered")
    assert {step["source"] for step in order.referral_trace if step["guard"] == "code_known"} == {"entered"}


def test_entered_code_applies_to_card_and_api_orders(buyer: Visitor, product: Product, code: Refcode) -> None:
    buyer.submit(ENTER, {"referralCode": code.code})
    answer = buyer.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]})
    assert answer.get_json()["referralCode"] == code.code
    assert buyer.check_out("wayforpay").status_code == 200
    assert {(order.referral_code, source_of(order)) for order in Order.select()} == {(code.code, "entered")}


@pytest.mark.parametrize(
    "pattern", ["{}", " {} ", "{0[0]}{0[1]} {0[2]}{0[3]}-{0[4]}{0[5]} {0[6]}{0[7]}", "{}\u200b"]
)
def test_spaces_and_dashes_in_codes_are_ignored(buyer: Visitor, code: Refcode, pattern: str) -> None:
    text = pattern.format(code.code) if "[" not in pattern else pattern.format(list(code.code))
    assert buyer.submit(ENTER, {"referralCode": text}).status_code == 303


@pytest.mark.parametrize(
    "text", ["short", "ABCDEFG0", "ABCDEFGO", "ABCDEFG1", "ABCDEFGl", "ABCDEFGI", "x" * 200, "<b>"]
)
def test_malformed_code_is_explained(buyer: Visitor, text: str) -> None:
    page = buyer.submit(ENTER, {"referralCode": text})
    assert page.status_code == 422
    assert 'href="#referral-code"' in page.text
    assert "8 letters and digits, never 0, O, 1, l or I" in text_of(page)
    assert 'class="referral-badge"' not in buyer.get("/checkout").text


def test_codes_are_case_sensitive_and_never_corrected(buyer: Visitor, other: User) -> None:
    make_code(other, code="oiABCDEF")
    for text in ("OiABCDEF", "0iABCDEF", "o1ABCDEF", "oiabcdef"):
        assert buyer.submit(ENTER, {"referralCode": text}).status_code == 422
    assert buyer.submit(ENTER, {"referralCode": "oiABCDEF"}).status_code == 303


@pytest.mark.parametrize("case", ["unknown", "inactive", "own", "wallet", "later"])
def test_guards_apply_when_the_code_is_entered(buyer: Visitor, owner: User, other: User, case: str) -> None:
    own = make_code(owner)
    text = {
        "unknown": lambda: "zzzzzzzz",
        "inactive": lambda: make_code(other, active=False).code,
        "own": lambda: own.code,
        "wallet": lambda: make_code(other, wallet=own.wallet_address).code,
        "later": lambda: make_order(owner, paid=True) and make_code(other).code,
    }[case]()
    page = buyer.submit(ENTER, {"referralCode": text})
    assert page.status_code == 422
    assert "nobody is credited" in text_of(page)
    with buyer.session_transaction() as session:
        assert "entered_code" not in session


def test_first_touch_wins_over_entered_code(buyer: Visitor, owner: User, other: User, code: Refcode) -> None:
    third_party_code = make_code(make_user("Third"))
    buyer.set_cookie("ring_ref", code.code)
    page = buyer.submit(ENTER, {"referralCode": third_party_code.code})
    assert page.status_code == 422
    assert "the first code counts" in text_of(page)
    buyer.delete_cookie("ring_ref")
    query(
        "UPDATE users SET referred_by_code = %s, referred_by_user_id = %s, referred_by_wallet = %s, referred_at = now()"
        " WHERE id = %s",
        [code.code, other.id, code.wallet_address, owner.id],
    )
    page = buyer.submit(ENTER, {"referralCode": third_party_code.code})
    assert page.status_code == 422
    assert code.code in text_of(page)
    assert "Have another referral code?" in text_of(buyer.get("/checkout"))


@pytest.mark.parametrize("kind", ["unknown", "inactive", "own", "malformed"])
def test_invalid_first_touch_does_not_block_code_entry(
    buyer: Visitor, owner: User, other: User, code: Refcode, kind: str
) -> None:
    invalid_code = {
        "unknown": lambda: "zzzzzzzz",
        "inactive": lambda: make_code(other, active=False).code,
        "own": lambda: make_code(owner).code,
        "malformed": lambda: "nonsense!",
    }[kind]()
    buyer.set_cookie("ring_ref", invalid_code)
    assert buyer.submit(ENTER, {"referralCode": code.code}).status_code == 303
    assert 'class="referral-badge"' in buyer.get("/checkout").text


def test_later_link_does_not_replace_entered_code(buyer: Visitor, code: Refcode) -> None:
    buyer.submit(ENTER, {"referralCode": code.code})
    buyer.get(f"/?ref={make_code(make_user('Third')).code}")
    page = buyer.get("/checkout")
    assert code.code in text_of(page)
    assert "Remove this code" in text_of(page)


def test_entered_code_can_be_removed(buyer: Visitor, code: Refcode) -> None:
    buyer.submit(ENTER, {"referralCode": code.code})
    assert buyer.submit(ENTER).status_code == 303
    assert 'class="referral-badge"' not in buyer.get("/checkout").text


def test_entered_code_ends_with_the_session(
    buyer: Visitor, other: User, owner: User, product: Product
) -> None:
    code = make_code(make_user("Third"))
    buyer.submit(ENTER, {"referralCode": code.code})
    buyer.submit("/logout")
    buyer.sign_in_as(other)
    buyer.fill_cart((product.id, 1))
    assert 'class="referral-badge"' not in buyer.get("/checkout").text


def test_code_deactivated_before_the_order_is_not_credited(
    buyer: Visitor, product: Product, code: Refcode
) -> None:
    buyer.submit(ENTER, {"referralCode": code.code})
    Refcode.update(active=False).where(Refcode.code == code.code).execute()
    answer = buyer.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]})
    assert answer.get_json()["referralReason"] == "unknown_code"


def test_entering_a_code_requires_sign_in(client: Visitor, code: Refcode) -> None:
    assert client.submit(ENTER, {"referralCode": code.code}).status_code == 401
