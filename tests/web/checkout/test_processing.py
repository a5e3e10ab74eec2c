"""The processing page: what is known of a payment, and a fragment that asks again only while that may change."""

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


def address(owner: User, status: str, code: Refcode | None = None) -> str:
    order = make_order(owner, code=code, paid=status == "paid")
    make_payment(order, status)
    return f"/checkout/processing/{order.order_reference}"


@pytest.mark.parametrize(
    ("status", "polls"),
    [("redirected", True), ("pending", True), ("paid", False), ("failed", False), ("cancelled", False),
     ("refunded", False), ("created", False)],
)  # fmt: skip
def test_only_a_payment_that_may_change_asks_again(
    as_owner: Visitor, owner: User, status: str, polls: bool
) -> None:
    url = address(owner, status)
    for answer in (as_owner.get(url), as_owner.fragment(url)):
        assert answer.status_code == 200
        assert f'data-payment="{status}"' in answer.text
        assert ("hx-trigger" in answer.text) is polls
        assert "HX-Request" in answer.vary


def test_the_page_and_its_poll_render_the_same_fragment(as_owner: Visitor, owner: User) -> None:
    url = address(owner, "redirected")
    page, fragment = as_owner.get(url).text, as_owner.fragment(url).text
    assert "<html" in page
    assert "<html" not in fragment
    assert fragment.lstrip().startswith('<section id="processing"')
    assert f'hx-get="{url}"' in fragment


def test_the_fragment_keeps_its_language(as_owner: Visitor, owner: User) -> None:
    url = address(owner, "pending")
    fragment = as_owner.fragment(f"/uk{url}").text
    assert f'hx-get="/uk{url}"' in fragment


def test_the_page_says_who_is_credited_or_why_nobody(as_owner: Visitor, owner: User, code: Refcode) -> None:
    assert code.code in as_owner.get(address(owner, "paid", code)).text
    assert 'class="referral-note"' in as_owner.get(address(owner, "paid")).text


def test_a_declined_payment_can_be_tried_again(as_owner: Visitor, owner: User) -> None:
    assert "/checkout/pay/" in as_owner.get(address(owner, "failed")).text
    assert "/checkout/pay/" not in as_owner.get(address(owner, "paid")).text


def test_somebody_elses_payment_is_not_there(as_other: Visitor, as_admin: Visitor, owner: User) -> None:
    url = address(owner, "paid")
    for somebody in (as_other, as_admin):
        assert somebody.get(url).status_code == 404
        answer = somebody.fragment(url)
        assert answer.status_code == 404
        assert "<html" not in answer.text


def test_somebody_elses_membership_payment_is_not_there(
    as_owner: Visitor, as_other: Visitor, owner: User
) -> None:
    reference = as_owner.send("/api/membership/upgrade", {"tier": "MEMBER"}).get_json()["orderReference"]
    assert as_owner.get(f"/checkout/processing/{reference}").status_code == 200
    assert as_other.get(f"/checkout/processing/{reference}").status_code == 404


def test_a_stranger_signs_in_first(client: Visitor, owner: User) -> None:
    url = address(owner, "paid")
    answer = client.get(url)
    assert (answer.status_code, answer.location) == (303, f"/login?next={url}")
    assert client.fragment(url).status_code == 401


def test_a_reference_nobody_knows_is_not_there(as_owner: Visitor) -> None:
    for reference in ("store_x_1", "nonsense", "%00", "membership_1_1", "x" * 500):
        assert as_owner.get(f"/checkout/processing/{reference}").status_code == 404, reference


def test_of_two_orders_side_by_side_the_second_says_why_nobody_is_credited(
    app: Flask, as_admin: Visitor, code: Refcode
) -> None:
    """Both orders were credited when placed; only the first one paid keeps it. See docs/rules/attribution.md."""
    buyer = make_user("Bohdan Buyer")
    page = visitor(app, buyer)
    page.get(f"/?ref={code.code}")
    references = []
    for _ in range(2):
        product = make_product()
        placed = page.send(
            "/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]}
        ).get_json()
        assert placed["referralApplied"] is True
        page.send("/api/store/payments/wayforpay", {"orderId": placed["orderId"]})
        references.append(placed["orderReference"])
    first, second = references[1], references[0]
    for reference in (first, second):
        fields = {"merchantAccount": TEST_MERCHANT_ACCOUNT, "orderReference": reference, "amount": "1000.00",
                  "currency": "UAH", "authCode": "1", "cardPan": "4", "transactionStatus": "Approved",
                  "reasonCode": "1100"}  # fmt: skip
        body = json.dumps(sign_callback(TEST_MERCHANT_SECRET, fields)).encode()
        assert page.post("/api/payments/wayforpay/webhook", data=body).status_code == 200
    why = "Referrals count for a first purchase only, so nobody is credited."
    assert why not in text_of(page.get(f"/checkout/processing/{first}"))
    assert code.code in text_of(page.get(f"/checkout/processing/{first}"))
    assert why in text_of(page.get(f"/checkout/processing/{second}"))
    assert text_of(page.get("/orders")).count(why) == 1
    told = text_of(as_admin.get(f"/admin/audit?orderReference={second}"))
    assert "No referrer is credited" in told
    assert "This is the buyer's first purchase." in told  # when it was placed
    assert "The buyer has paid an order before." in told  # when it was paid
    assert "The buyer has paid an order before." not in text_of(
        as_admin.get(f"/admin/audit?orderReference={first}")
    )
    assert [row.order_reference for row in ReferralReward.select()] == [first]
