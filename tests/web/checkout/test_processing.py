"""The processing page: the payment status, and a fragment that polls only while the status may change."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from models import Refcode, ReferralReward, User
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET
from tests.factories import make_order, make_payment, make_product, make_user
from tests.web.conftest import visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def processing_url(owner: User, status: str, code: Refcode | None = None) -> str:
    order = make_order(owner, code=code, paid=status == "paid")
    make_payment(order, status)
    return f"/checkout/processing/{order.order_reference}"


@pytest.mark.parametrize(
    ("status", "polls"),
    [("redirected", True), ("pending", True), ("paid", False), ("failed", False), ("cancelled", False),
     ("refunded", False), ("created", False)],
)  # fmt: skip
def test_only_an_open_payment_polls(as_owner: Visitor, owner: User, status: str, polls: bool) -> None:
    url = processing_url(owner, status)
    for answer in (as_owner.get(url), as_owner.fragment(url)):
        assert answer.status_code == 200
        assert f'data-payment="{status}"' in answer.text
        assert ("hx-trigger" in answer.text) is polls
        assert "HX-Request" in answer.vary


def test_page_and_poll_render_the_same_fragment(as_owner: Visitor, owner: User) -> None:
    url = processing_url(owner, "redirected")
    page, fragment = as_owner.get(url).text, as_owner.fragment(url).text
    assert "<html" in page
    assert "<html" not in fragment
    assert fragment.lstrip().startswith('<section id="processing"')
    assert f'hx-get="{url}"' in fragment


def test_fragment_keeps_its_language(as_owner: Visitor, owner: User) -> None:
    url = processing_url(owner, "pending")
    fragment = as_owner.fragment(f"/uk{url}").text
    assert f'hx-get="/uk{url}"' in fragment


def test_page_names_the_referrer_or_explains_the_refusal(
    as_owner: Visitor, owner: User, code: Refcode
) -> None:
    assert code.code in as_owner.get(processing_url(owner, "paid", code)).text
    assert 'class="referral-note"' in as_owner.get(processing_url(owner, "paid")).text


def test_declined_payment_can_be_retried(as_owner: Visitor, owner: User) -> None:
    assert "/checkout/pay/" in as_owner.get(processing_url(owner, "failed")).text
    assert "/checkout/pay/" not in as_owner.get(processing_url(owner, "paid")).text


def test_payment_of_another_user_is_not_found(as_other: Visitor, as_admin: Visitor, owner: User) -> None:
    url = processing_url(owner, "paid")
    for browser in (as_other, as_admin):
        assert browser.get(url).status_code == 404
        answer = browser.fragment(url)
        assert answer.status_code == 404
        assert "<html" not in answer.text


def test_membership_payment_of_another_user_is_not_found(
    as_owner: Visitor, as_other: Visitor, owner: User
) -> None:
    reference = as_owner.send("/api/membership/upgrade", {"tier": "MEMBER"}).get_json()["orderReference"]
    assert as_owner.get(f"/checkout/processing/{reference}").status_code == 200
    assert as_other.get(f"/checkout/processing/{reference}").status_code == 404


def test_processing_page_requires_sign_in(client: Visitor, owner: User) -> None:
    url = processing_url(owner, "paid")
    answer = client.get(url)
    assert (answer.status_code, answer.location) == (303, f"/login?next={url}")
    assert client.fragment(url).status_code == 401


def test_unknown_reference_is_not_found(as_owner: Visitor) -> None:
    for reference in ("store_x_1", "nonsense", "%00", "membership_1_1", "x" * 500):
        assert as_owner.get(f"/checkout/processing/{reference}").status_code == 404, reference


def test_second_paid_order_explains_its_lost_referral(app: Flask, as_admin: Visitor, code: Refcode) -> None:
    """Both orders are credited when placed; only the first one paid stays credited. See docs/rules/attribution.md."""
    buyer = make_user("Bohdan Buyer")
    browser = visitor(app, buyer)
    browser.get(f"/?ref={code.code}")
    references = []
    for _ in range(2):
        product = make_product()
        placed = browser.send(
            "/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]}
        ).get_json()
        assert placed["referralApplied"] is True
        browser.send("/api/store/payments/wayforpay", {"orderId": placed["orderId"]})
        references.append(placed["orderReference"])
    first, second = references[1], references[0]
    for reference in (first, second):
        fields = {"merchantAccount": TEST_MERCHANT_ACCOUNT, "orderReference": reference, "amount": "1000.00",
                  "currency": "UAH", "authCode": "1", "cardPan": "4", "transactionStatus": "Approved",
                  "reasonCode": "1100"}  # fmt: skip
        body = json.dumps(sign_callback(TEST_MERCHANT_SECRET, fields)).encode()
        assert browser.post("/api/payments/wayforpay/webhook", data=body).status_code == 200
    explanation = "Referrals count for a first purchase only, so nobody is credited."
    assert explanation not in text_of(browser.get(f"/checkout/processing/{first}"))
    assert code.code in text_of(browser.get(f"/checkout/processing/{first}"))
    assert explanation in text_of(browser.get(f"/checkout/processing/{second}"))
    assert text_of(browser.get("/orders")).count(explanation) == 1
    audit_text = text_of(as_admin.get(f"/admin/audit?orderReference={second}"))
    assert "No referrer is credited" in audit_text
    assert "This is the buyer's first purchase." in audit_text  # when it was placed
    assert "The buyer has paid an order before." in audit_text  # when it was paid
    assert "The buyer has paid an order before." not in text_of(
        as_admin.get(f"/admin/audit?orderReference={first}")
    )
    assert [row.order_reference for row in ReferralReward.select()] == [first]
