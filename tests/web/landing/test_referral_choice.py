"""Consent before a referral is stored (`REFERRAL_CONSENT_REQUIRED`)."""

from __future__ import annotations

import pytest

from models import Order, Refcode, User
from tests.factories import make_product
from tests.web.conftest import MakeApp
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

CHOICE = "/referral-choice"
COOKIES = ("ring_ref", "ring_ref_visible")


@pytest.fixture
def consent_client(make_app: MakeApp) -> Visitor:
    """Return a visitor of a store that requires consent."""
    return make_app(referral_consent_required=True).test_client()


def stored_codes(visitor: Visitor) -> set[str]:
    return {cookie.value for name in COOKIES if (cookie := visitor.get_cookie(name)) is not None}


def test_consent_is_not_requested_by_default(client: Visitor, code: Refcode) -> None:
    assert CHOICE not in client.get(f"/?ref={code.code}").text
    assert stored_codes(client) == {code.code}


def test_landing_page_requests_consent_and_sets_no_cookie(consent_client: Visitor, code: Refcode) -> None:
    page = consent_client.get(f"/uk/?ref={code.code}")
    assert form_fields(page, f"/uk{CHOICE}")["code"] == [code.code]
    for name in (*COOKIES, "ring_consent"):
        assert consent_client.cookie_headers(page, name) == []


def test_page_without_code_does_not_request_consent(consent_client: Visitor) -> None:
    assert "referral-choice" not in consent_client.get("/").text


def test_agreeing_stores_the_code_and_redirects_back(consent_client: Visitor, code: Refcode) -> None:
    page = f"/cart?ref={code.code}"
    fields = form_fields(consent_client.get(page), CHOICE)
    data = {name: values[0] for name, values in fields.items()}
    answer = consent_client.post(CHOICE, data={**data, "choice": "agree"})
    assert (answer.status_code, answer.location) == (303, page)
    assert stored_codes(consent_client) == {code.code}
    for name in COOKIES:
        assert "Max-Age=2592000" in consent_client.cookie_headers(answer, name)[0]
    assert "HttpOnly" in consent_client.cookie_headers(answer, "ring_ref")[0]
    assert "referral-choice" not in consent_client.get("/?ref=ABCDEFGH").text.partition("<footer")[0]
    assert stored_codes(consent_client) == {code.code}, "the first touch still wins"


def test_earlier_consent_covers_the_next_link(consent_client: Visitor, code: Refcode) -> None:
    consent_client.set_cookie("ring_consent", "yes")
    consent_client.get(f"/?ref={code.code}")
    assert stored_codes(consent_client) == {code.code}


def test_refusal_is_remembered_and_stores_no_code(consent_client: Visitor, code: Refcode) -> None:
    answer = consent_client.submit(CHOICE, {"choice": "refuse", "code": code.code, "next": "/cart"})
    assert answer.location == "/cart"
    assert not stored_codes(consent_client)
    page = consent_client.get(f"/?ref={code.code}")
    assert not stored_codes(consent_client)
    assert 'value="agree"' not in page.text


def test_consent_can_be_withdrawn(consent_client: Visitor, code: Refcode) -> None:
    consent_client.submit(CHOICE, {"choice": "agree", "code": code.code})
    assert stored_codes(consent_client) == {code.code}
    page = consent_client.get("/cart")
    assert 'value="forget"' in page.text
    consent_client.submit(CHOICE, {"choice": "forget"})
    assert not stored_codes(consent_client)
    assert consent_client.get_cookie("ring_consent") is None
    assert 'value="agree"' in consent_client.get(f"/?ref={code.code}").text


def test_links_carry_the_code_until_the_choice(consent_client: Visitor, code: Refcode) -> None:
    product = make_product()
    page = consent_client.get(f"/?ref={code.code}").text
    assert f'href="/products/{product.slug}?ref={code.code}"' in page
    assert f"/static/portal.css?ref={code.code}" not in page
    added = consent_client.submit(f"/cart?ref={code.code}", {"productId": product.id, "quantity": 1})
    assert added.status_code == 303
    assert f"ref={code.code}" in added.location
    assert 'value="agree"' in consent_client.get(added.location).text
    stranger = consent_client.application.test_client().get("/").text
    assert f'href="/products/{product.slug}"' in stranger
    assert code.code not in stranger
    consent_client.set_cookie("ring_consent", "no")
    assert f'href="/products/{product.slug}"' in consent_client.get(f"/?ref={code.code}").text


def test_order_without_a_choice_is_not_attributed(make_app: MakeApp, owner: User, code: Refcode) -> None:
    buyer = make_app(referral_consent_required=True).test_client().sign_in_as(owner)
    buyer.get(f"/?ref={code.code}")
    items = {"items": [{"productId": make_product().id, "quantity": 1}]}
    assert buyer.send("/api/store/orders", items).get_json()["referralReason"] == "no_code"
    assert Order.get().referral_code is None


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_consent_form_offers_both_choices(consent_client: Visitor, code: Refcode, locale: str) -> None:
    page = consent_client.get(f"/{locale}/?ref={code.code}")
    assert text_of(page)
    assert 'value="agree"' in page.text
    assert 'value="refuse"' in page.text


@pytest.mark.parametrize("data", [{}, {"choice": "maybe"}, {"choice": ""}])
def test_unknown_choice_is_refused(consent_client: Visitor, data: dict[str, str]) -> None:
    assert consent_client.submit(CHOICE, data).status_code == 400
    assert consent_client.get_cookie("ring_consent") is None


def test_choice_requires_csrf_token_and_redirects_locally(consent_client: Visitor) -> None:
    assert consent_client.post(CHOICE, data={"choice": "agree"}).status_code == 400
    answer = consent_client.submit(
        CHOICE, {"choice": "agree", "code": "<script>", "next": "https://evil.example/"}
    )
    assert answer.location == "/"
    assert not stored_codes(consent_client)
