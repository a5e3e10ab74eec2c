"""Account pages of the signed-in user: security, wallets, notifications."""

from __future__ import annotations

import pytest

from models import Notification, User
from portal.accounts import check_credentials
from portal.chain import checksum
from portal.notifications import notify
from tests.factories import PASSWORD, make_wallet
from tests.web.pages import text_of
from tests.web.visitor import Visitor

NEW = "another long password"


def test_new_password_replaces_the_current_one(as_owner: Visitor, owner: User) -> None:
    answer = as_owner.submit("/account/security", {"present": PASSWORD, "password": NEW})
    assert (answer.status_code, answer.location) == (303, "/account/security")
    assert 'class="notice notice-success"' in as_owner.get("/account/security").text
    assert check_credentials(owner.email, NEW).id == owner.id


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"present": "wrong", "password": NEW}, "present"),
        ({"present": "", "password": NEW}, "present"),
        ({"present": PASSWORD, "password": "7 chars"}, "password"),
        ({"present": PASSWORD, "password": "x" * 201}, "password"),
        ({}, "present"),
    ],
)
def test_refused_password_marks_its_field_and_changes_nothing(
    as_owner: Visitor, owner: User, form: dict[str, str], field: str, locale: str
) -> None:
    page = as_owner.submit(f"/{locale}/account/security", form)
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert f'id="{field}-error"' in page.text
    assert PASSWORD not in page.text
    assert User.get_by_id(owner.id).password_hash == owner.password_hash


def test_account_pages_require_sign_in_and_csrf_token(client: Visitor, as_owner: Visitor) -> None:
    for url in ("/account/security", "/account/wallets", "/notifications"):
        answer = client.get(url)
        assert (answer.status_code, answer.location) == (303, f"/login?next={url}")
    assert client.submit("/account/security").status_code == 401
    assert as_owner.post("/account/security", data={"present": PASSWORD, "password": NEW}).status_code == 400


def test_wallets_are_shown_in_eip_55(as_owner: Visitor, owner: User, other: User) -> None:
    mine = make_wallet(owner, "0x52908400098527886e0f7030069857d2e4169ee7")
    theirs = make_wallet(other)
    page = as_owner.get("/account/wallets").text
    assert checksum(mine) in page
    assert theirs not in page.lower()
    assert 'translate="no"' in page


def test_wallets_page_opens_without_wallets(as_owner: Visitor) -> None:
    assert as_owner.get("/account/wallets").status_code == 200


# ---------------------------------------------------------------------- notifications


def notify_user(user: User, kind: str = "referral_reward_minted", number: int = 1, **params: str) -> None:
    notify(user.id, kind, f"{kind}:{user.id}:{number}", amountWei="12500000000000000000", **params)


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
@pytest.mark.parametrize(
    "kind", ["referral_reward_minted", "referral_reward_approved", "referral_reward_rejected"]
)
def test_each_kind_is_a_sentence_in_the_page_language(
    as_owner: Visitor, owner: User, kind: str, locale: str
) -> None:
    notify_user(owner, kind, reason="Two <accounts>")
    page = as_owner.get(f"/{locale}/notifications")
    assert page.status_code == 200
    assert f'data-kind="{kind}"' in page.text
    text = text_of(page)
    assert ("Two <accounts>" if kind.endswith("rejected") else "RING") in text
    assert "%(" not in text


def test_opening_the_page_marks_notifications_read(as_owner: Visitor, owner: User) -> None:
    notify_user(owner)
    assert 'class="count-dot" aria-hidden="true">1</span>' in as_owner.get("/").text
    assert "tag" in as_owner.get("/notifications").text
    assert "count-dot" not in as_owner.get("/").text
    assert Notification.get().read_at is not None


def test_head_and_prefetch_mark_nothing_read(as_owner: Visitor, owner: User) -> None:
    notify_user(owner)
    assert as_owner.head("/notifications").status_code == 200
    assert as_owner.get("/notifications", headers={"Sec-Purpose": "prefetch"}).status_code == 200
    assert Notification.get().read_at is None


def test_notifications_are_private_to_their_recipient(as_other: Visitor, owner: User) -> None:
    notify_user(owner)
    assert "data-kind" not in as_other.get("/notifications").text
    assert Notification.get().read_at is None
