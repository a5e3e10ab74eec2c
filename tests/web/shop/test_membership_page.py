"""`/membership` and `POST /api/membership/upgrade`: tiers at database prices, renewal and refusals."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models import MembershipMonth, PaymentTransaction, Refcode, ReferralReward, User
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET
from tests.factories import make_user
from tests.web.conftest import visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

PAGE, UPGRADE, WEBHOOK = "/membership", "/api/membership/upgrade", "/api/payments/wayforpay/webhook"


def pay(browser: Visitor, tier: str, status: str = "Approved", **changes: Any) -> str:
    """Start an upgrade through the API, deliver the provider's callback and return the reference."""
    fields = browser.send(UPGRADE, {"tier": tier}).get_json()["fields"]
    callback = {name: fields[name] for name in ("merchantAccount", "orderReference", "amount", "currency")}
    callback |= {
        "authCode": "1",
        "cardPan": "41****8217",
        "transactionStatus": status,
        "reasonCode": "1100",
        **changes,
    }
    assert callback["merchantAccount"] == TEST_MERCHANT_ACCOUNT
    body = json.dumps(sign_callback(TEST_MERCHANT_SECRET, callback)).encode()
    assert browser.post(WEBHOOK, data=body).status_code == 200
    return str(fields["orderReference"])


def test_client_cannot_change_the_price(as_owner: Visitor) -> None:
    for tier, amount in (("MEMBER", "299.00"), ("CONFIDENTIAL", "999.00")):
        answer = as_owner.send(UPGRADE, {"tier": tier, "amount": "1.00", "price": 1}).get_json()
        assert (answer["fields"]["amount"], answer["fields"]["currency"]) == (amount, "UAH")
        assert PaymentTransaction.get(
            PaymentTransaction.order_reference == answer["orderReference"]
        ).detail == {"tier": tier}


def test_paid_tier_shows_its_end_and_can_be_renewed(as_owner: Visitor, owner: User) -> None:
    assert "Your tier" in text_of(as_owner.get(PAGE))
    pay(as_owner, "MEMBER")
    first = MembershipMonth.get()
    text = text_of(as_owner.get(PAGE))
    assert "Renew for a month" in text
    last_day = first.ends_at.astimezone(ZoneInfo("Europe/Kyiv")).day
    assert f"until {last_day} " in text.replace("until 0", "until ")
    pay(as_owner, "MEMBER")
    second = MembershipMonth.select().order_by(MembershipMonth.ends_at.desc()).first()
    assert second.starts_at == first.ends_at


def test_upgrade_keeps_the_remaining_paid_days(as_owner: Visitor) -> None:
    pay(as_owner, "MEMBER")
    assert "remaining days of MEMBER are kept" in text_of(as_owner.get(PAGE))
    pay(as_owner, "CONFIDENTIAL")
    text = text_of(as_owner.get(PAGE))
    assert "Paid: it continues when CONFIDENTIAL ends" in text
    assert as_owner.get(PAGE).text.count('name="tier"') == 1


def test_lower_tier_is_refused_and_starts_no_payment(as_owner: Visitor) -> None:
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
def test_tier_not_for_sale_is_refused(as_owner: Visitor, tier: object, status: int, code: str) -> None:
    answer = as_owner.send(UPGRADE, {"tier": tier})
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    if isinstance(tier, str):
        page = as_owner.submit(PAGE, {"tier": tier})
        assert page.status_code == status
        assert 'id="error-summary"' in page.text
    assert not PaymentTransaction.select().exists()


def test_expired_month_grants_no_membership(as_owner: Visitor, owner: User) -> None:
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
def test_only_paid_months_count(as_owner: Visitor, status: str) -> None:
    pay(as_owner, "MEMBER", status)
    assert not MembershipMonth.select().exists()
    assert not ReferralReward.select().exists()


@pytest.fixture
def referred(app: Any, code: Refcode) -> Visitor:
    """Return a user who was referred by the owner of the code."""
    user = make_user(
        "Ivan Invited",
        referred_by_code=code.code,
        referred_by_user_id=code.owner_user_id,
        referred_by_wallet=code.wallet_address,
    )
    return visitor(app, user)


def test_referrer_is_rewarded_once_per_payment_reference(referred: Visitor, code: Refcode) -> None:
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


def test_unreferred_member_creates_no_reward(as_owner: Visitor) -> None:
    pay(as_owner, "CONFIDENTIAL")
    assert not ReferralReward.select().exists()


def test_deactivated_code_earns_no_new_reward(referred: Visitor, code: Refcode) -> None:
    pay(referred, "MEMBER")
    Refcode.update(active=False).where(Refcode.code == code.code).execute()
    pay(referred, "MEMBER")
    assert ReferralReward.select().count() == 1


def test_refund_revokes_the_month_and_the_reward(referred: Visitor) -> None:
    first = pay(referred, "MEMBER")
    second = pay(referred, "CONFIDENTIAL")
    for reference, amount in ((second, "999.00"), (first, "299.00")):
        fields = {"merchantAccount": TEST_MERCHANT_ACCOUNT, "orderReference": reference, "amount": amount,
                  "currency": "UAH", "authCode": "1", "cardPan": "41****8217", "transactionStatus": "Refunded",
                  "reasonCode": "1100"}  # fmt: skip
        body = json.dumps(sign_callback(TEST_MERCHANT_SECRET, fields)).encode()
        assert referred.post(WEBHOOK, data=body).status_code == 200
        text = text_of(referred.get(PAGE))
        assert ("Renew for a month" in text) is (reference == second)
    assert {row.status for row in ReferralReward.select()} == {"rejected"}
