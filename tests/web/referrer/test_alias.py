"""Aliases of share codes: who sets them, and where they work. See docs/rules/codes.md."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from models import CodeAlias, EventLog, Order, Refcode, StoreCoupon, User
from portal.codes import (
    AliasConfusable,
    AliasTaken,
    aliases_like_codes,
    find_alias,
    issue_code,
    operations,
    set_alias,
)
from portal.db import SYSTEM, release_connection
from portal.lib.clock import utc_now
from tests.factories import make_code, make_product, make_store, make_user, make_wallet
from tests.support.statements import count_statements
from tests.web.conftest import visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

ALIAS = "ANNA-SHOP"


@pytest.fixture
def alias(code: Refcode) -> str:
    set_alias(code.code, ALIAS, SYSTEM, "Ring")
    return ALIAS


def save(browser: Visitor, code: Refcode, text: str) -> Any:
    return browser.submit(f"/refcodes/{code.code}/alias", {"alias": text})


def test_owner_sets_changes_and_ends_an_alias(as_other: Visitor, code: Refcode) -> None:
    page = f"/refcodes/{code.code}"
    assert save(as_other, code, " anna-shop ").location == page
    assert f"http://localhost?ref={ALIAS}" in as_other.get(page).text
    save(as_other, code, "anna-shop")
    save(as_other, code, "LOLA")
    assert find_alias(code.code) == "LOLA"
    for _ in range(2):
        assert as_other.submit(f"{page}/alias/retire").location == page
    assert find_alias(code.code) is None
    rows = CodeAlias.select().order_by(CodeAlias.id)
    assert [(row.name, row.retired_at is not None) for row in rows] == [(ALIAS, True), ("LOLA", True)]
    events = EventLog.select().where(EventLog.entity == "refcode").order_by(EventLog.id)
    assert [(row.event, row.data["alias"], row.actor_user_id) for row in events] == [
        ("alias_set", ALIAS, code.owner_user_id),
        ("alias_set", "LOLA", code.owner_user_id),
        ("alias_retired", "LOLA", code.owner_user_id),
    ]


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("", 422, "3 to 24 Latin letters"),
        ("АННА", 422, "3 to 24 Latin letters"),
        ("support", 422, "is reserved"),
        ("taken-one", 409, "is in use, or was within the last year"),
        ("TAKENONE", 422, "looks like another alias"),
        ("T4KENONE", 303, ""),
        ("abcd-efgh", 422, "looks like another alias or like a referral code"),
        ("summer7", 409, "is in use"),
    ],
)
def test_refusal_says_why_and_changes_nothing(
    as_other: Visitor, code: Refcode, owner: User, text: str, status: int, words: str
) -> None:
    set_alias(make_code(owner, code="ABcdEFgh").code, "TAKEN-ONE", SYSTEM, "Ring")
    StoreCoupon.insert(store=make_store().id, coupon="summer7", code=code.code).execute()
    before = CodeAlias.select().count()
    answer = save(as_other, code, text)
    assert answer.status_code == status
    if words:
        assert words in text_of(answer)
        assert 'href="#alias"' in answer.text
        assert CodeAlias.select().count() == before


def test_refusal_is_in_the_readers_language(as_other: Visitor, code: Refcode) -> None:
    answer = as_other.submit(f"/uk/refcodes/{code.code}/alias", {"alias": "admin"})
    assert "зарезервовано" in text_of(answer)


def test_others_cannot_touch_it(as_owner: Visitor, client: Visitor, code: Refcode, alias: str) -> None:
    assert save(as_owner, code, "MINE").status_code == 404
    assert as_owner.submit(f"/refcodes/{code.code}/alias/retire").status_code == 404
    assert as_owner.get(f"/refcodes/{code.code}").status_code == 404
    assert as_owner.submit(f"/admin/refcodes/codes/{code.code}/alias", {"alias": "MINE"}).status_code == 403
    assert client.get(f"/refcodes/{code.code}").status_code == 303
    assert find_alias(code.code) == alias


def test_owner_gets_few_in_a_month_and_an_admin_more(
    as_other: Visitor, as_admin: Visitor, code: Refcode
) -> None:
    for number in "34679":
        assert save(as_other, code, f"ANNA{number}").status_code == 303
    answer = save(as_other, code, "ANNA-SHOP")
    assert (answer.status_code, find_alias(code.code)) == (422, "ANNA9")
    assert "5 aliases in 30 days" in text_of(answer)
    url = f"/admin/refcodes/codes/{code.code}"
    assert as_admin.submit(f"{url}/alias", {"alias": "anna-shop"}).location == url
    assert ALIAS in as_admin.get(url).text
    assert as_admin.submit(f"{url}/alias", {"alias": "official"}).status_code == 422
    as_admin.submit(f"{url}/alias/retire")
    assert find_alias(code.code) is None


def test_inactive_code_gets_none(as_other: Visitor, code: Refcode) -> None:
    Refcode.update(active=False).where(Refcode.code == code.code).execute()
    assert save(as_other, code, ALIAS).status_code == 409


@pytest.mark.parametrize(("days", "is_free"), [(364, False), (366, True)])
def test_ended_alias_is_blocked_for_a_year(
    code: Refcode, alias: str, owner: User, days: int, is_free: bool
) -> None:
    CodeAlias.update(retired_at=utc_now() - timedelta(days=days)).execute()
    for candidate in (make_code(owner), code):
        CodeAlias.update(retired_at=utc_now() - timedelta(days=days)).execute()
        if is_free:
            assert set_alias(candidate.code, alias, SYSTEM, "Ring")
        else:
            with pytest.raises(AliasTaken):
                set_alias(candidate.code, alias, SYSTEM, "Ring")


def test_one_of_many_at_once_gets_the_alias(database: str) -> None:
    codes = [make_code(make_user("Referrer")).code for _ in range(6)]
    start = threading.Barrier(len(codes))

    def take(number: int) -> bool:
        start.wait()
        try:
            return set_alias(codes[number], ("LOLA", "L0LA")[number % 2], SYSTEM, "Ring")
        except (AliasTaken, AliasConfusable):
            return False
        finally:
            release_connection()

    with ThreadPoolExecutor(len(codes)) as pool:
        assert sum(pool.map(take, range(len(codes)))) == 1
    assert CodeAlias.select().count() == 1


def test_new_code_never_equals_an_alias(
    code: Refcode, owner: User, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    set_alias(code.code, "SUMMER77", SYSTEM, "Ring")
    drawn = iter(["summer77", "SUMMER77", "Ab3dE5gH"])
    monkeypatch.setattr(operations, "random_text", lambda length: next(drawn))
    assert issue_code(owner.id, make_wallet(owner), SYSTEM).code == "Ab3dE5gH"


# ---------------------------------------------------------------------- where it works


@pytest.mark.parametrize("written", ["ANNA-SHOP", "anna-shop", "Anna-Shop", "“Anna-Shop”."])
def test_link_keeps_the_code_itself(client: Visitor, code: Refcode, alias: str, written: str) -> None:
    client.get("/uk/", query_string={"ref": written})
    assert client.get_cookie("ring_ref").value == client.get_cookie("ring_ref_visible").value == code.code


def test_alias_in_the_form_of_a_code_works_in_links_at_once(
    app: Flask, client: Visitor, code: Refcode, owner: User
) -> None:
    visitor(app).get(f"/?ref={code.code}")
    set_alias(code.code, "SUMMER77", SYSTEM, "Ring")
    client.get("/?ref=summer77")
    assert client.get_cookie("ring_ref").value == code.code


def test_link_with_a_code_needs_no_statement(app: Flask, client: Visitor, code: Refcode) -> None:
    client.get(f"/login?ref={code.code}")
    other = visitor(app)
    with count_statements() as sent:
        other.get(f"/login?ref={code.code}")
    assert (other.get_cookie("ring_ref").value, sent.count) == (code.code, 0)


def test_alias_set_by_another_process_is_known_a_second_later(
    app: Flask, client: Visitor, code: Refcode, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(f"/login?ref={code.code}")
    CodeAlias.insert(name="SUMMER77", reading="SUMMER77", code=code.code).execute()
    early, late = visitor(app), visitor(app)
    early.get("/login?ref=summer77")
    product = make_product()
    early.sign_in_as(make_user("Buyer"))
    answer = early.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]})
    assert answer.get_json()["referralCode"] == code.code
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1)
    late.get("/login?ref=summer77")
    assert late.get_cookie("ring_ref").value == code.code


def test_very_many_aliases_like_codes_are_looked_up_one_by_one(
    client: Visitor, code: Refcode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aliases_like_codes, "_MOST", 0)
    set_alias(code.code, "SUMMER77", SYSTEM, "Ring")
    client.get("/?ref=SUMMER77")
    assert client.get_cookie("ring_ref").value == code.code


def test_code_comes_before_an_alias_of_the_same_letters(client: Visitor, code: Refcode, owner: User) -> None:
    set_alias(code.code, "SUMMER77", SYSTEM, "Ring")
    imported = make_code(owner, code="SUMMER77").code
    client.get("/?ref=SUMMER77")
    assert client.get_cookie("ring_ref").value == imported


def test_unknown_or_ended_alias_sets_nothing(
    client: Visitor, as_other: Visitor, code: Refcode, alias: str
) -> None:
    as_other.submit(f"/refcodes/{code.code}/alias/retire")
    for text in (alias, "NO-SUCH-ALIAS"):
        client.get("/", query_string={"ref": text})
    assert client.get_cookie("ring_ref") is None


def test_arrival_counts_by_alias(client: Visitor, code: Refcode, alias: str) -> None:
    assert client.post("/api/refcodes/track", json={"code": "anna-shop"}).status_code == 200
    assert Refcode.get_by_id(code.code).visits_total == 1
    Refcode.update(active=False).execute()
    assert client.post("/api/refcodes/track", json={"code": alias}).status_code == 404


def test_checkout_takes_the_alias(as_owner: Visitor, code: Refcode, alias: str) -> None:
    product = make_product()
    as_owner.fill_cart((product.id, 1))
    assert as_owner.submit("/checkout/code", {"referralCode": "Anna-Shop "}).status_code == 303
    answer = as_owner.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]})
    assert answer.get_json()["referralCode"] == code.code
    assert Order.get().referral_code == code.code


def test_own_alias_is_a_self_referral(as_other: Visitor, code: Refcode, alias: str) -> None:
    as_other.fill_cart((make_product().id, 1))
    answer = as_other.submit("/checkout/code", {"referralCode": alias})
    assert (answer.status_code, "your own referral link" in text_of(answer)) == (422, True)


def test_sign_up_stores_the_code(client: Visitor, code: Refcode, alias: str) -> None:
    """The cookie is what `ring.js` sets on a parent domain."""
    client.set_cookie("ring_ref", "Anna-Shop")
    form = {"name": "Ihor", "email": "ihor@example.com", "password": "a long test password"}
    client.submit("/register", form)
    assert User.get(User.email == "ihor@example.com").referred_by_code == code.code


def test_badge_of_a_store_knows_it(client: Visitor, alias: str) -> None:
    url = f"/api/v1/badge?store={make_store().public_id}&code=anna-shop"
    assert client.get(url).get_json()["applies"] is True


def test_account_that_is_disabled_ends_it(app: Flask, code: Refcode, alias: str) -> None:
    User.update(disabled_at=utc_now()).where(User.id == code.owner_user_id).execute()
    url = f"/api/v1/badge?store={make_store().public_id}&code={alias}"
    assert visitor(app).get(url).get_json()["applies"] is False
