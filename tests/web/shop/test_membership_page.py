"""`/membership` and `POST /api/membership/upgrade`: tiers at the database's price, renewal, and clear refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models import MembershipMonth, PaymentTransaction, Refcode, ReferralReward, User
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET
from tests.factories import make_user
from tests.web.conftest import visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

PAGE, UPGRADE, WEBHOOK = "/membership", "/api/membership/upgrade", "/api/payments/wayforpay/webhook"


def pay(person: Visitor, tier: str, status: str = "Approved", **changes: Any) -> str:
    """Begin an upgrade by the API and let the provider tell of it; return the reference."""
    fields = person.send(UPGRADE, {"tier": tier}).get_json()["fields"]
    answer = {name: fields[name] for name in ("merchantAccount", "orderReference", "amount", "currency")}
    answer |= {
        "authCode": "1",
        "cardPan": "41****8217",
        "transactionStatus": status,
        "reasonCode": "1100",
        **changes,
    }
    assert answer["merchantAccount"] == TEST_MERCHANT_ACCOUNT
    body = json.dumps(sign_callback(TEST_MERCHANT_SECRET, answer)).encode()
    assert person.post(WEBHOOK, data=body).status_code == 200
    return str(fields["orderReference"])


def test_prices_are_the_shops_whatever_the_client_says(as_owner: Visitor) -> None:
    for tier, amount in (("MEMBER", "299.00"), ("CONFIDENTIAL", "999.00")):
        answer = as_owner.send(UPGRADE, {"tier": tier, "amount": "1.00", "price": 1}).get_json()
        assert (answer["fields"]["amount"], answer["fields"]["currency"]) == (amount, "UAH")
        assert PaymentTransaction.get(
            PaymentTransaction.order_reference == answer["orderReference"]
        ).detail == {"tier": tier}


def test_a_paid_tier_shows_until_when_and_can_be_renewed(as_owner: Visitor, owner: User) -> None:
    assert "Your tier" in text_of(as_owner.get(PAGE))
    pay(as_owner, "MEMBER")
    first = MembershipMonth.get()
    text = text_of(as_owner.get(PAGE))
    assert "Renew for a month" in text
    assert f"until {first.ends_at.day} " in text.replace("until 0", "until ")
    pay(as_owner, "MEMBER")
    second = MembershipMonth.select().order_by(MembershipMonth.ends_at.desc()).first()
    assert second.starts_at == first.ends_at


def test_an_upgrade_keeps_what_was_paid_before(as_owner: Visitor) -> None:
    pay(as_owner, "MEMBER")
    assert "remaining days of MEMBER are kept" in text_of(as_owner.get(PAGE))
    pay(as_owner, "CONFIDENTIAL")
    text = text_of(as_owner.get(PAGE))
    assert "Paid: it continues when CONFIDENTIAL ends" in text
    assert as_owner.get(PAGE).text.count('name="tier"') == 1


def test_a_lower_tier_is_refused_in_words_and_nothing_begins(as_owner: Visitor) -> None:
    pay(as_owner, "CONFIDENTIAL")
    count = PaymentTransaction.select().count()
    answer = as_owner.send(UPGRADE, {"tier": "MEMBER"})
    assert answer.status_code == 409
    error = error_of(answer)
    assert error["code"] == "tier_lower"
    assert error["message"].startswith("You have CONFIDENTIAL until ")
    page = as_owner.submit(PAGE, {"tier": "MEMBER"})
    assert page.status_code == 409
    assert 'href="#tiers"' in page.text
    assert "You have CONFIDENTIAL until " in text_of(page)
    assert PaymentTransaction.select().count() == count


@pytest.mark.parametrize(
    ("tier", "status", "code"),
    [("SUBSCRIBER", 409, "tier_free"), ("GOLD", 422, "tier_unknown"), ("member", 422, "tier_unknown"),
     ("", 422, "tier_unknown"), (5, 400, "field_invalid"), (None, 400, "field_invalid")],
)  # fmt: skip
def test_a_tier_that_is_not_for_sale_is_named(
    as_owner: Visitor, tier: object, status: int, code: str
) -> None:
    answer = as_owner.send(UPGRADE, {"tier": tier})
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    if isinstance(tier, str):
        page = as_owner.submit(PAGE, {"tier": tier})
        assert page.status_code == status
        assert 'id="error-summary"' in page.text
    assert not PaymentTransaction.select().exists()


def test_a_month_that_is_over_is_no_membership(as_owner: Visitor, owner: User) -> None:
    pay(as_owner, "CONFIDENTIAL")
    MembershipMonth.update(
        starts_at=MembershipMonth.starts_at - MembershipMonth.ends_at + MembershipMonth.starts_at,
        ends_at=MembershipMonth.starts_at,
    ).execute()
    text = text_of(as_owner.get(PAGE))
    assert "Renew" not in text
    assert as_owner.get(PAGE).text.count('name="tier"') == 2
    assert as_owner.send(UPGRADE, {"tier": "MEMBER"}).status_code == 200


@pytest.mark.parametrize("status", ["Declined", "Expired", "Pending", "InProcessing"])
def test_only_a_paid_month_counts(as_owner: Visitor, status: str) -> None:
    pay(as_owner, "MEMBER", status)
    assert not MembershipMonth.select().exists()
    assert not ReferralReward.select().exists()


@pytest.fixture
def referred(app: Any, code: Refcode) -> Visitor:
    """Somebody whom the owner of the code has brought."""
    person = make_user(
        "Ivan Invited",
        referred_by_code=code.code,
        referred_by_user_id=code.owner_user_id,
        referred_by_wallet=code.wallet_address,
    )
    return visitor(app, person)


def test_who_referred_the_member_is_rewarded_once_a_reference(referred: Visitor, code: Refcode) -> None:
    reference = pay(referred, "MEMBER")
    reward = ReferralReward.get()
    assert (reward.order_reference, reward.order_id, reward.rail, reward.status) == (
        reference,
        None,
        "fiat",
        "pending_approval",
    )
    assert (reward.referrer_user_id, reward.reward_percent) == (code.owner_user_id, 5)
    assert (reward.order_total_minor, reward.reward_amount_wei) == (29_900, 3_737_500_000_000_000_000)
    pay(referred, "MEMBER")
    assert ReferralReward.select().count() == 2


def test_nobody_is_rewarded_for_an_unreferred_member(as_owner: Visitor) -> None:
    pay(as_owner, "CONFIDENTIAL")
    assert not ReferralReward.select().exists()


def test_a_deactivated_code_attributes_nothing_new(referred: Visitor, code: Refcode) -> None:
    pay(referred, "MEMBER")
    Refcode.update(active=False).where(Refcode.code == code.code).execute()
    pay(referred, "MEMBER")
    assert ReferralReward.select().count() == 1


def test_a_refund_takes_the_month_and_the_reward_back(referred: Visitor) -> None:
    first = pay(referred, "MEMBER")
    second = pay(referred, "CONFIDENTIAL")
    for reference, amount in ((second, "999.00"), (first, "299.00")):
        fields = {"merchantAccount": TEST_MERCHANT_ACCOUNT, "orderReference": reference, "amount": amount,
                  "currency": "UAH", "authCode": "1", "cardPan": "41****8217", "transactionStatus": "Refunded",
                  "reasonCode": "1100"}  # fmt: skip
        body = json.dumps(sign_callback(TEST_MERCHANT_SECRET, fields)).encode()
        assert referred.post(WEBHOOK, data=body).status_code == 200
        present = text_of(referred.get(PAGE))
        assert ("Renew for a month" in present) is (reference == second)
    assert {row.status for row in ReferralReward.select()} == {"rejected"}
