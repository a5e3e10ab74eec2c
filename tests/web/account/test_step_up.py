"""Recent re-authentication for sensitive actions, with the submitted form preserved."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, url_for
from peewee import SQL

from models import EventLog, PlatformConfig, ReferralReward, User, Wallet
from portal.db import query
from portal.web.core.access import access_of
from portal.web.text.sensitive_changes import change_text
from tests.factories import PASSWORD, make_reward, make_user, make_wallet, new_address
from tests.support.wallets import TestWallet
from tests.web.account.factor import code_of, enrol, expire_confirmation
from tests.web.conftest import visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor, error_of

RATES, SAVE = "/admin/store/commissions/rates", "/admin/store/commissions/rates/default"
CONFIRM = "/account/confirm"


@pytest.fixture
def secret(admin: User) -> str:
    return enrol(admin)[0]


@pytest.fixture
def stale(app: Flask, admin: User, secret: str) -> Visitor:
    """Return an admin with a second factor whose last re-authentication was an hour ago."""
    browser = visitor(app, admin)
    expire_confirmation()
    return browser


def platform_percent() -> Any:
    return PlatformConfig.get().referral_percent


def submit_rate(browser: Visitor, percent: str = "7.5"):
    answer = browser.submit(
        SAVE, {"platform_percent": percent}, headers={"Referer": f"http://localhost{RATES}"}
    )
    assert answer.status_code == 403
    return answer


def test_confirmed_form_is_resubmitted_by_the_user(stale: Visitor, secret: str) -> None:
    confirm_form = form_fields(submit_rate(stale), CONFIRM)
    assert platform_percent() == 5
    confirmed = stale.submit(CONFIRM, {**flat(confirm_form), "code": code_of(secret)})
    assert confirmed.status_code == 200
    assert platform_percent() == 5, "confirming alone changes nothing"
    resubmitted = form_fields(confirmed, SAVE)
    assert resubmitted["platform_percent"] == ["7.5"]
    assert len(resubmitted["csrf_token"]) == 1
    assert stale.post(SAVE, data=flat(resubmitted)).status_code == 303
    assert platform_percent() == 7.5


def flat(fields: dict[str, list[str]]) -> dict[str, Any]:
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def test_resubmitted_form_keeps_all_values_except_the_password(stale: Visitor, secret: str) -> None:
    page = stale.submit(
        "/admin/refcodes/decide", {"ids": ["3", "1", "2"], "decision": "approve", "password": "x"}
    )
    assert page.status_code == 403
    confirmed = stale.submit(CONFIRM, {**flat(form_fields(page, CONFIRM)), "code": code_of(secret)})
    resubmitted = form_fields(confirmed, "/admin/refcodes/decide")
    assert resubmitted["ids"] == ["3", "1", "2"]
    assert "password" not in resubmitted


def test_password_confirms(stale: Visitor) -> None:
    confirm_form = flat(form_fields(submit_rate(stale), CONFIRM))
    wrong = stale.submit(CONFIRM, {**confirm_form, "present": "not the password"})
    assert wrong.status_code == 422
    assert 'id="present-error"' in wrong.text
    assert form_fields(wrong, CONFIRM)["kept"] == [confirm_form["kept"]]
    assert stale.submit(CONFIRM, {**confirm_form, "present": PASSWORD}).status_code == 200
    assert stale.submit(SAVE, {"platform_percent": "8"}).status_code == 303


@pytest.mark.parametrize("code", ["000000", "", "2222-2222-2222-2222"])
def test_wrong_code_does_not_confirm(stale: Visitor, code: str) -> None:
    confirm_form = flat(form_fields(submit_rate(stale), CONFIRM))
    assert stale.submit(CONFIRM, {**confirm_form, "code": code}).status_code == 422
    assert stale.submit(SAVE, {"platform_percent": "8"}).status_code == 403
    assert platform_percent() == 5


def test_wallet_confirms(stale: Visitor, admin: User) -> None:
    wallet = TestWallet()
    make_wallet(admin, wallet.stored)
    url = "/api/account/confirm"
    interrupted = flat(form_fields(submit_rate(stale, "9"), CONFIRM))
    message = stale.send(f"{url}/challenge", {"address": wallet.address}).get_json()["message"]
    assert "Confirm that this is me" in message
    wrong = stale.send(url, {"address": wallet.address, "signature": TestWallet().sign(message)})
    assert error_of(wrong)["code"] == "signature_wrong"
    body = {"address": wallet.address, "signature": wallet.sign(message)}
    assert stale.send(url, body).status_code == 200
    assert error_of(stale.send(url, body))["code"] == "challenge_unknown"
    assert stale.submit(CONFIRM, interrupted).status_code == 200
    assert stale.submit(SAVE, {"platform_percent": "9"}).status_code == 303


def test_wallet_of_another_account_does_not_confirm(stale: Visitor) -> None:
    wallet = TestWallet()
    make_wallet(make_user(), wallet.stored)
    for address in (wallet.address, TestWallet().address):
        answer = stale.send("/api/account/confirm/challenge", {"address": address})
        assert error_of(answer)["code"] == "wallet_unknown"


def test_first_password_requires_confirmation(app: Flask) -> None:
    # A password set in an unattended browser would give lasting access to a wallet account.
    user = make_user(password_hash=None)
    wallet = TestWallet()
    make_wallet(user, wallet.stored)
    User.update(email_confirmed_at=SQL("now()")).where(User.id == user.id).execute()
    enrol(user)
    browser = visitor(app, user)
    expire_confirmation()
    new_password = {"password": "a first password"}
    confirm_form = form_fields(browser.submit("/account/security", new_password), CONFIRM)
    assert confirm_form["kept"] == [""]
    assert User.get_by_id(user.id).password_hash is None
    message = browser.send(f"/api{CONFIRM}/challenge", {"address": wallet.address}).get_json()["message"]
    browser.send(f"/api{CONFIRM}", {"address": wallet.address, "signature": wallet.sign(message)})
    assert browser.submit(CONFIRM, flat(confirm_form)).location == "/account/security"
    assert browser.submit("/account/security", new_password).status_code == 303
    assert User.get_by_id(user.id).password_hash is not None


def test_api_and_htmx_requests_get_an_error_code(stale: Visitor, admin: User) -> None:
    wallet = make_wallet(admin)
    answer = stale.send(f"/api/account/wallets/{wallet}", method="DELETE")
    assert (answer.status_code, error_of(answer)["code"]) == (403, "step_up_required")
    assert (
        error_of(stale.send("/api/account/wallets/challenge", {"address": wallet}))["code"]
        == "step_up_required"
    )
    assert Wallet.select().count() == 1
    fragment = stale.swap(SAVE, {"platform_percent": "8"})
    assert fragment.status_code == 403
    assert f"{CONFIRM}?next=" in fragment.text


def test_reading_needs_no_confirmation(stale: Visitor) -> None:
    for url in (RATES, "/admin/refcodes", "/account/security", "/api/admin/rewards"):
        assert stale.get(url).status_code == 200


def test_csrf_token_is_checked_before_confirmation(stale: Visitor) -> None:
    answer = stale.post(SAVE, data={"platform_percent": "8"})
    assert answer.status_code == 400
    assert "platform_percent=8" not in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/x",
        "//evil.example",
        "/logout",
        "/cart",
        "/nowhere",
        "",
        "/admin/refcodes/mint/1/stop",
    ],
)
def test_only_protected_forms_are_resubmitted(stale: Visitor, secret: str, target: str) -> None:
    answer = stale.submit(
        CONFIRM, {"target": target, "kept": "a=1", "back": "/orders", "code": code_of(secret)}
    )
    assert (answer.status_code, answer.location) == (303, "/orders")


@pytest.mark.parametrize(
    "change",
    [
        {"kept": "platform_percent=50"},
        {"target": "/admin/credit"},
        {"target": f"/uk{SAVE}"},
        {"seal": ""},
        {"seal": "x"},
    ],
)  # fmt: skip
def test_only_the_interrupted_form_is_offered(stale: Visitor, secret: str, change: dict[str, str]) -> None:
    # Otherwise a link could have an admin confirm and submit what another one filled in.
    form = flat(form_fields(submit_rate(stale), CONFIRM))
    wrong = stale.submit(CONFIRM, {**form, **change, "code": "000000"})
    assert wrong.status_code == 422
    assert form_fields(wrong, CONFIRM)["seal"] == [""]
    answer = stale.submit(CONFIRM, {**form, **change, "code": code_of(secret)})
    assert (answer.status_code, answer.location) == (303, RATES)


def test_interrupted_form_belongs_to_one_session(
    app: Flask, stale: Visitor, admin: User, secret: str
) -> None:
    form = flat(form_fields(submit_rate(stale), CONFIRM))
    del form["csrf_token"]
    answer = visitor(app, admin).submit(CONFIRM, {**form, "code": code_of(secret)})
    assert (answer.status_code, answer.location) == (303, RATES)


def test_link_to_a_form_offers_nothing_to_submit(stale: Visitor, secret: str) -> None:
    reward = make_reward(make_user(), "pending_approval")
    page = stale.get(f"{CONFIRM}?next=/admin/refcodes/{reward.id}/approve")
    answer = stale.submit(CONFIRM, {**flat(form_fields(page, CONFIRM)), "code": code_of(secret)})
    assert answer.status_code == 303
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"


def test_confirmed_form_is_shown_before_it_is_submitted(stale: Visitor, secret: str) -> None:
    data = {
        "ids": ["3", "12"],
        "decision": "reject",
        "reason": "<b>one person</b>",
        "unknown_field": "shown too",
    }
    page = stale.submit("/admin/refcodes/decide", data)
    assert "Approve or reject several rewards" in text_of(page)
    confirmed = stale.submit(CONFIRM, {**flat(form_fields(page, CONFIRM)), "code": code_of(secret)})
    text = text_of(confirmed)
    for shown in ("Approve or reject several rewards", "3, 12", "Reject", "<b>one person</b>", "shown too"):
        assert shown in text, shown
    assert "<b>one" not in confirmed.text


def test_every_sensitive_form_has_words(app: Flask) -> None:
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if access_of(app, rule.endpoint).reconfirm and not rule.rule.startswith("/api/"):
                assert change_text(rule.endpoint, dict.fromkeys(rule.arguments, "7"))


def test_confirmation_redirects_within_the_portal_only(stale: Visitor, secret: str) -> None:
    page = stale.get(f"{CONFIRM}?next=https://evil.example")
    assert "evil.example" not in text_of(page)
    assert form_fields(page, CONFIRM)["target"] == ["/"]
    answer = stale.submit(CONFIRM, {"target": "/account/wallets", "code": code_of(secret)})
    assert answer.location == "/account/wallets"


def test_confirmation_renews_the_session_token(stale: Visitor, secret: str) -> None:
    with stale.session_transaction() as session:
        before = session["_user_id"]
    stale.submit(CONFIRM, {"target": "/orders", "code": code_of(secret)})
    with stale.session_transaction() as session:
        assert session["_user_id"] != before
    assert stale.get("/orders").status_code == 200


def test_development_without_second_factor_needs_no_confirmation(app: Flask, admin: User) -> None:
    browser = visitor(app, admin)
    expire_confirmation()
    assert browser.submit(SAVE, {"platform_percent": "6"}).status_code == 303


def sensitive_requests(app: Flask) -> list[tuple[str, str]]:
    """Return (method, URL) of every route that requires a proof of an admin, with a value for each parameter.

    The sensitive pages of vendors are those of admins with another role.
    """
    values = {"address": new_address(), "code": "q7RmK2xd"}
    requests = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            access = access_of(app, rule.endpoint)
            if access.reconfirm and access.audience != "vendor":
                url = url_for(rule.endpoint, **{name: values.get(name, 1) for name in rule.arguments})
                requests += [(method, url) for method in (rule.methods or set()) - {"OPTIONS"}]
    return requests


def test_every_sensitive_request_is_stopped_before_anything_happens(
    app: Flask, stale: Visitor, admin: User
) -> None:
    make_reward(make_user(), "pending_approval")
    before = (EventLog.select().count(), query("SELECT status, updated_at FROM referral_rewards"))
    requests = sensitive_requests(app)
    assert len(requests) > 30
    for method, url in requests:
        if url.startswith("/api/"):
            answer = stale.send(url, method=method)
            assert error_of(answer)["code"] == "step_up_required", url
        else:
            answer = stale.swap(url)
            assert f"{CONFIRM}?next=" in answer.text, url
            assert answer.headers["HX-Retarget"] == "#main"
        assert answer.status_code == 403, url
    assert (EventLog.select().count(), query("SELECT status, updated_at FROM referral_rewards")) == before


def test_single_decision_continues_after_the_proof(stale: Visitor, secret: str) -> None:
    reward = make_reward(make_user(), "pending_approval")
    url = f"/admin/refcodes/{reward.id}/reject"
    confirmation = flat(form_fields(stale.submit(url, {"reason": "one person"}), CONFIRM))
    confirmed = stale.submit(CONFIRM, {**confirmation, "code": code_of(secret)})
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"
    assert stale.post(url, data=flat(form_fields(confirmed, url))).status_code == 303
    assert ReferralReward.get_by_id(reward.id).status == "rejected"
    assert stale.send(f"/api/admin/rewards/{reward.id}/approve").status_code == 409
