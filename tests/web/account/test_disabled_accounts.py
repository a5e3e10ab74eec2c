"""A disabled account: every way in is closed at once, its codes attribute nothing, and enabling opens it again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from models import EventLog, Order, PaymentTransaction, ReferralReward, User, UserSession
from portal.accounts import (
    AccountDisabled,
    LastAdmin,
    OwnAccount,
    disable_account,
    enable_account,
    list_admin_ids,
    lock_with_admins,
    set_role,
)
from portal.catalogue import CartLine, lock_vendor
from portal.db import Actor, query, transaction
from portal.flows.accounts.account_mail import answer_reset_requests, request_email
from portal.flows.accounts.sign_up import find_referrer
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.decide_attribution import preview_attribution
from portal.flows.checkout.place_order import place_order
from portal.settings import Settings
from tests.factories import (
    ACTOR,
    PASSWORD,
    make_admin,
    make_code,
    make_product,
    make_reward,
    make_user,
    make_vendor,
    make_wallet,
)
from tests.support.threads import at_once
from tests.support.wallets import TestWallet
from tests.web.account.factor import code_of, enrol
from tests.web.account.proofs import run_concurrently
from tests.web.account.test_help_commands import run
from tests.web.account.wallet_links import request_challenge as request_link
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_link, rows
from tests.web.visitor import Visitor

NEW = "another long password"
Enter = Callable[[], int]


def by_password(client: Visitor, owner: User) -> Enter:
    return lambda: client.submit("/login", {"email": owner.email, "password": PASSWORD}).status_code


def by_second_factor(client: Visitor, owner: User) -> Enter:
    secret, recovery = enrol(owner)
    client.submit("/login", {"email": owner.email, "password": PASSWORD})
    return lambda: (
        client.submit("/login/second-factor", {"code": recovery[0]}).status_code
        + client.submit("/login/second-factor", {"code": code_of(secret)}).status_code
    )


def by_wallet(client: Visitor, owner: User) -> Enter:
    wallet = TestWallet()
    make_wallet(owner, wallet.stored)
    message = client.send("/api/auth/wallet/challenge", {"address": wallet.address}).get_json()["message"]
    body = {"address": wallet.address, "signature": wallet.sign(message)}
    return lambda: client.send("/api/auth/wallet", body).status_code


def by_open_session(client: Visitor, owner: User) -> Enter:
    client.sign_in_as(owner)
    return lambda: client.get("/orders").status_code


def by_session_of_the_api(client: Visitor, owner: User) -> Enter:
    client.sign_in_as(owner)
    return lambda: client.get("/api/refcodes").status_code


def by_reset_link(client: Visitor, owner: User) -> Enter:
    client.submit("/password/forgot", {"email": owner.email})
    link = newest_link(client, "reset_password")
    return lambda: client.submit(link, {"password": NEW}).status_code


def by_confirmation_link(client: Visitor, owner: User) -> Enter:
    request_email(owner.id, owner.email or "", 1)
    link = newest_link(client, "confirm_email")
    return lambda: client.submit(link, {"password": NEW, "name": "Thief"}).status_code


def by_message_of_a_new_wallet(client: Visitor, owner: User) -> Enter:
    wallet = TestWallet()
    client.sign_in_as(owner)
    body = {"address": wallet.address, "signature": wallet.sign(request_link(client, wallet.address))}
    return lambda: client.send("/api/account/wallets", body).status_code


def settings_of(app: Flask) -> Settings:
    settings: Settings = app.extensions["portal"].settings
    return settings


WAYS = [
    (by_password, 403),
    (by_second_factor, 606),
    (by_wallet, 403),
    (by_open_session, 303),
    (by_session_of_the_api, 401),
    (by_reset_link, 410),
    (by_confirmation_link, 410),
    (by_message_of_a_new_wallet, 401),
]


@pytest.mark.parametrize(("prepare", "status"), WAYS, ids=[way.__name__ for way, _status in WAYS])
def test_every_way_into_a_disabled_account_is_closed(
    make_app: MakeApp, owner: User, prepare: Callable[[Visitor, User], Enter], status: int
) -> None:
    app = make_app(registration_confirmation=prepare is by_confirmation_link)
    client = visitor(app)
    enter = prepare(client, owner)
    disable_account(owner.id, "fraud", ACTOR)
    assert enter() == status
    assert client.get("/orders").status_code == 303
    assert not UserSession.select().where(UserSession.ended_at.is_null()).exists()
    hashes = User.select(User.password_hash).where(User.id == owner.id).tuples()
    assert hashes[0][0] == owner.password_hash


@pytest.mark.parametrize(
    ("prepare", "status"), [(by_open_session, 303), (by_reset_link, 410)], ids=["session", "link"]
)
def test_a_session_or_link_that_was_written_meanwhile_opens_nothing(
    client: Visitor, owner: User, prepare: Callable[[Visitor, User], Enter], status: int
) -> None:
    enter = prepare(client, owner)
    User.update(disabled_at=User.created_at).where(User.id == owner.id).execute()
    assert enter() == status


def test_a_disabled_account_gets_no_links(app: Flask, client: Visitor, owner: User) -> None:
    disable_account(owner.id, "fraud", ACTOR)
    client.submit("/password/forgot", {"email": owner.email})
    assert answer_reset_requests() == 0
    assert not rows("reset_password")
    assert "disabled" in run(app, "reset-link", owner.email)


def test_sign_in_says_that_the_account_is_disabled_only_after_the_right_password(
    client: Visitor, owner: User
) -> None:
    disable_account(owner.id, "fraud", ACTOR)
    wrong = client.submit("/login", {"email": owner.email, "password": "a wrong password"})
    assert (wrong.status_code, "disabled" in wrong.text) == (401, False)
    right = client.submit("/login", {"email": owner.email, "password": PASSWORD})
    assert "This account is disabled" in right.text


def test_enabling_opens_the_account_and_leaves_ended_sessions_ended(
    client: Visitor, as_owner: Visitor, owner: User
) -> None:
    disable_account(owner.id, "fraud", ACTOR)
    assert enable_account(owner.id, ACTOR)
    assert as_owner.get("/orders").status_code == 303
    assert client.submit("/login", {"email": owner.email, "password": PASSWORD}).status_code == 303
    assert client.get("/orders").status_code == 200


def test_codes_of_a_disabled_account_attribute_nothing(app: Flask, owner: User, other: User) -> None:
    code = make_code(other)
    settings = settings_of(app)
    assert find_referrer(code.code) is not None
    disable_account(other.id, "fraud", ACTOR)
    assert find_referrer(code.code) is None
    first = preview_attribution(owner, code.code, settings).decision.trace[0]
    assert (first.passed, first.reason, first.detail) == (False, "unknown_code", "owner_disabled")
    enable_account(other.id, ACTOR)
    assert preview_attribution(owner, code.code, settings).decision.applied


def test_a_request_that_is_under_way_neither_orders_nor_pays(app: Flask, owner: User) -> None:
    product, settings = make_product(), settings_of(app)
    lines = [CartLine(product.id, 1)]
    disable_account(owner.id, "fraud", ACTOR)
    with app.app_context():
        with pytest.raises(AccountDisabled):
            place_order(owner, lines, None, settings)
        with pytest.raises(AccountDisabled):
            begin_membership_payment("MEMBER", owner, "en", settings)
    assert not Order.select().exists()
    assert not PaymentTransaction.select().exists()


def test_nobody_disables_themselves_or_the_last_active_admin(database: str, admin: User) -> None:
    second = make_admin()
    with pytest.raises(OwnAccount):
        disable_account(admin.id, "left", Actor.user(admin.id))
    assert disable_account(second.id, "left", Actor.user(admin.id))
    assert not disable_account(second.id, "left", Actor.user(admin.id))
    with pytest.raises(LastAdmin):
        disable_account(admin.id, "left", ACTOR)
    with pytest.raises(LastAdmin):
        set_role(admin.id, "user", ACTOR)
    assert list_admin_ids() == [admin.id]
    assert set_role(second.id, "user", ACTOR)


def test_two_admins_who_disable_each_other_leave_one(database: str, admin: User) -> None:
    second = make_admin()
    pairs = [(admin.id, second.id), (second.id, admin.id)]

    def disable() -> int:
        target, by = pairs.pop()
        try:
            return disable_account(target, "left", Actor.user(by))
        except LastAdmin:
            return False

    assert run_concurrently(2, disable) == [False, True]
    assert len(list_admin_ids()) == 1


def test_rows_that_refer_to_a_locked_account_or_vendor_do_not_wait(database: str, admin: User) -> None:
    vendor, reward = make_vendor(), make_reward(make_code(make_user()))

    def refer() -> None:
        with transaction():
            query("SET LOCAL lock_timeout = '2s'")
            ReferralReward.update(approved_by=admin.id).where(ReferralReward.id == reward.id).execute()
            make_product(vendor)

    with transaction():
        lock_with_admins()
        lock_vendor(vendor.id)
        assert at_once([refer]) == []


def test_commands_disable_and_enable(app: Flask, owner: User, admin: User) -> None:
    email = owner.email or ""
    assert "is disabled" in run(app, "disable", email, "--reason", "fraud")
    assert "already" in run(app, "disable", email, "--reason", "fraud")
    assert "is enabled" in run(app, "enable", email)
    assert "was not disabled" in run(app, "enable", email)
    assert "Enter a reason" in run(app, "disable", email, "--reason", " ")
    assert "only admin" in run(app, "disable", admin.email or "", "--reason", "left")
    assert "no account" in run(app, "disable", "nobody@example.com", "--reason", "x")
    events = [
        (row.event, row.reason) for row in EventLog.select().where(EventLog.event.startswith("account_"))
    ]
    assert events == [("account_disabled", "fraud"), ("account_enabled", None)]
