"""The processing page: what is known of a payment, and a fragment that asks again only while that may change."""

from __future__ import annotations

import pytest

from models import Refcode, User
from tests.factories import make_order, make_payment
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
    for visitor in (as_other, as_admin):
        assert visitor.get(url).status_code == 404
        answer = visitor.fragment(url)
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
