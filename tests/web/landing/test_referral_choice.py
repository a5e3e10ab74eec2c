"""Asking before a referral is remembered, where the store has to (`REFERRAL_CONSENT_REQUIRED`)."""

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
def asked(make_app: MakeApp) -> Visitor:
    """A visitor of a store that asks."""
    return make_app(referral_consent_required=True).test_client()


def remembered(visitor: Visitor) -> set[str]:
    return {cookie.value for name in COOKIES if (cookie := visitor.get_cookie(name)) is not None}


def test_nothing_is_asked_where_nothing_must_be(client: Visitor, code: Refcode) -> None:
    assert CHOICE not in client.get(f"/?ref={code.code}").text
    assert remembered(client) == {code.code}


def test_a_landing_asks_and_sets_nothing(asked: Visitor, code: Refcode) -> None:
    page = asked.get(f"/uk/?ref={code.code}")
    assert form_fields(page, f"/uk{CHOICE}")["code"] == [code.code]
    for name in (*COOKIES, "ring_consent"):
        assert asked.cookie_headers(page, name) == []


def test_a_page_without_a_code_does_not_ask(asked: Visitor) -> None:
    assert "referral-choice" not in asked.get("/").text


def test_agreeing_remembers_the_code_and_leads_back(asked: Visitor, code: Refcode) -> None:
    page = f"/cart?ref={code.code}"
    fields = form_fields(asked.get(page), CHOICE)
    data = {name: values[0] for name, values in fields.items()}
    answer = asked.post(CHOICE, data={**data, "choice": "agree"})
    assert (answer.status_code, answer.location) == (303, page)
    assert remembered(asked) == {code.code}
    for name in COOKIES:
        assert "Max-Age=2592000" in asked.cookie_headers(answer, name)[0]
    assert "HttpOnly" in asked.cookie_headers(answer, "ring_ref")[0]
    assert "referral-choice" not in asked.get("/?ref=ABCDEFGH").text.partition("<footer")[0]
    assert remembered(asked) == {code.code}, "the first touch wins here too"


def test_who_agreed_once_is_not_asked_about_the_next_link(asked: Visitor, code: Refcode) -> None:
    asked.set_cookie("ring_consent", "yes")
    asked.get(f"/?ref={code.code}")
    assert remembered(asked) == {code.code}


def test_refusing_is_remembered_and_sets_nothing(asked: Visitor, code: Refcode) -> None:
    answer = asked.submit(CHOICE, {"choice": "refuse", "code": code.code, "next": "/cart"})
    assert answer.location == "/cart"
    assert not remembered(asked)
    page = asked.get(f"/?ref={code.code}")
    assert not remembered(asked)
    assert 'value="agree"' not in page.text


def test_an_answer_can_be_taken_back(asked: Visitor, code: Refcode) -> None:
    asked.submit(CHOICE, {"choice": "agree", "code": code.code})
    assert remembered(asked) == {code.code}
    page = asked.get("/cart")
    assert 'value="forget"' in page.text
    asked.submit(CHOICE, {"choice": "forget"})
    assert not remembered(asked)
    assert asked.get_cookie("ring_consent") is None
    assert 'value="agree"' in asked.get(f"/?ref={code.code}").text


def test_the_code_travels_until_the_answer(asked: Visitor, code: Refcode) -> None:
    product = make_product()
    page = asked.get(f"/?ref={code.code}").text
    assert f'href="/products/{product.slug}?ref={code.code}"' in page
    assert f"/static/portal.css?ref={code.code}" not in page
    added = asked.submit(f"/cart?ref={code.code}", {"productId": product.id, "quantity": 1})
    assert added.status_code == 303
    assert f"ref={code.code}" in added.location
    assert 'value="agree"' in asked.get(added.location).text
    asked.set_cookie("ring_consent", "no")
    assert f'href="/products/{product.slug}"' in asked.get(f"/?ref={code.code}").text


def test_who_does_not_answer_buys_unattributed(make_app: MakeApp, owner: User, code: Refcode) -> None:
    buyer = make_app(referral_consent_required=True).test_client().sign_in_as(owner)
    buyer.get(f"/?ref={code.code}")
    items = {"items": [{"productId": make_product().id, "quantity": 1}]}
    assert buyer.send("/api/store/orders", items).get_json()["referralReason"] == "no_code"
    assert Order.get().referral_code is None


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_the_question_is_asked_in_words(asked: Visitor, code: Refcode, locale: str) -> None:
    page = asked.get(f"/{locale}/?ref={code.code}")
    assert text_of(page)
    assert 'value="agree"' in page.text
    assert 'value="refuse"' in page.text


@pytest.mark.parametrize("data", [{}, {"choice": "maybe"}, {"choice": ""}])
def test_another_answer_is_refused(asked: Visitor, data: dict[str, str]) -> None:
    assert asked.submit(CHOICE, data).status_code == 400
    assert asked.get_cookie("ring_consent") is None


def test_an_answer_needs_its_token_and_stays_on_this_site(asked: Visitor) -> None:
    assert asked.post(CHOICE, data={"choice": "agree"}).status_code == 400
    answer = asked.submit(CHOICE, {"choice": "agree", "code": "<script>", "next": "https://evil.example/"})
    assert answer.location == "/"
    assert not remembered(asked)
