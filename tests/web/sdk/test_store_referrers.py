"""Referrers inside a store: their API, connecting an account, the embedded page. See docs/rules/stores.md."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from flask import Flask

from models import EventLog, Refcode, Store, StoreReferrer, User
from portal.chain import checksum
from portal.lib.clock import utc_now
from portal.stores import create_key
from tests.factories import ACTOR, make_code, make_reward, make_store, make_user, make_wallet, new_address
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

SHOP = "https://shop.example"
TOKEN = "0x" + "7e" * 20
CUSTOMER = {"customer": {"externalId": "c-17"}}


@pytest.fixture
def store(database: str) -> Store:
    return make_store(origins=[SHOP, "https://www.shop.example"])


@pytest.fixture
def key(store: Store) -> str:
    return create_key(store.id, "live", ACTOR).text


def ask(client: Visitor, key: str, body: Any = CUSTOMER) -> Any:
    return client.post("/api/v1/referrers", json=body, headers={"Authorization": f"Bearer {key}"})


def path_of(url: str) -> str:
    return url.removeprefix("http://localhost")


def connect_path(client: Visitor, embed_url: str) -> str:
    (path,) = re.findall(r'href="(/refcodes/stores/connect/[^"]+)"', client.get(path_of(embed_url)).text)
    return str(path)


def test_customer_has_a_code_at_once_and_its_results_before_and_after_connecting(
    client: Visitor, as_owner: Visitor, owner: User, store: Store, key: str
) -> None:
    first = ask(client, key)
    assert first.status_code == 200
    answer = first.get_json()
    assert {**answer, "embedUrl": ""} == {
        "connected": False, "code": answer["code"], "shareUrl": f"{SHOP}/?ref={answer['code']}", "embedUrl": "",
        "expiresIn": 900, "walletAddress": None, "walletStatus": None,
    }  # fmt: skip
    code = Refcode.get_by_id(answer["code"])
    make_reward(code)
    alone = client.get(path_of(answer["embedUrl"])).text
    assert answer["shareUrl"] in alone
    assert "waiting for you to choose a wallet" in alone or "Waiting for the referrer" in alone
    path = connect_path(client, answer["embedUrl"])
    assert client.get(path).status_code == 303, "asks to sign in first"
    assert store.name in as_owner.get(path).text
    assert as_owner.submit(path).location == f"/refcodes#code-{code.code}"
    again = ask(client, key).get_json()
    assert (again["connected"], again["code"]) == (True, code.code)
    assert StoreReferrer.select().count() == 1
    assert EventLog.select().where(EventLog.event == "store_account_connected").count() == 1
    shown = client.get(path_of(again["embedUrl"])).text
    assert again["shareUrl"] in shown
    assert owner.email not in shown
    assert "12.5" in shown
    assert 'href="/refcodes/stores"' in as_owner.get("/refcodes").text
    # The owner ends it: the link works on, and the store sees no results any more.
    (form,) = re.findall(r'action="(/refcodes/stores/\d+/disconnect)"', as_owner.get("/refcodes/stores").text)
    assert as_owner.submit(form).status_code == 303
    assert ask(client, key).get_json()["code"] == code.code
    assert "12.5" not in client.get(path_of(again["embedUrl"])).text


def test_owner_chooses_a_linked_wallet_for_the_code(
    client: Visitor, as_owner: Visitor, as_other: Visitor, owner: User, key: str
) -> None:
    code = ask(client, key).get_json()["code"]
    path = f"/refcodes/{code}/wallet"
    assert as_owner.submit(path, {"wallet": new_address()}).status_code == 404
    as_owner.submit(connect_path(client, ask(client, key).get_json()["embedUrl"]))
    assert "/account/wallets#link-wallet" in as_owner.get("/refcodes").text
    wallet = make_wallet(owner)
    (shown,) = re.findall(r"<option[^>]*>(0x\w{40})</option>", as_owner.get("/refcodes").text)
    assert shown.lower() == wallet
    assert as_other.submit(path, {"wallet": make_wallet(make_user())}).status_code == 404
    assert as_owner.submit(path, {"wallet": "0x12"}).status_code == 422
    assert Refcode.get_by_id(code).wallet_address == ""
    assert as_owner.submit(path, {"wallet": shown}).status_code == 303
    assert Refcode.get_by_id(code).wallet_address == wallet


def test_store_cannot_name_an_account(client: Visitor, owner: User, store: Store, key: str) -> None:
    make_code(owner)
    for external_id in (str(owner.id), str(owner.email), f"user:{owner.id}"):
        body = {"customer": {"externalId": external_id, "email": owner.email}}
        answer = ask(client, key, body).get_json()
        assert answer["connected"] is False
        assert Refcode.get_by_id(answer["code"]).owner_user_id != owner.id
    assert StoreReferrer.select().where(StoreReferrer.user.is_null(False)).count() == 0
    assert owner.email not in str(list(StoreReferrer.select(StoreReferrer.customer).tuples()))
    assert owner.email not in str(list(StoreReferrer.select(StoreReferrer.email_key).tuples()))


def wallet_of(answer: Any) -> tuple[str | None, str | None]:
    body = answer.get_json()
    return body["walletAddress"], body["walletStatus"]


def test_wallet_that_a_store_names_is_offered_and_paid_only_once_it_is_proven(
    client: Visitor, as_owner: Visitor, owner: User, key: str
) -> None:
    named, chosen = new_address(), make_wallet(owner)
    assert wallet_of(ask(client, key)) == (None, None)
    body = {**CUSTOMER, "walletAddress": named}
    answer = ask(client, key, body)
    assert wallet_of(answer) == (checksum(named), "unproven")
    assert "ignoredFields" not in answer.get_json()
    code, embed = answer.get_json()["code"], answer.get_json()["embedUrl"]
    assert wallet_of(ask(client, key)) == (checksum(named), "unproven"), (
        "a later call without it forgets nothing"
    )
    as_owner.submit(connect_path(client, embed))
    assert Refcode.get().wallet_address == ""
    page = as_owner.get("/refcodes")
    assert checksum(named) in page.text
    assert "Link it to use it here." in text_of(page)
    assert as_owner.submit(f"/refcodes/{code}/wallet", {"wallet": named}).status_code == 404
    # The owner links it, and it is the first choice of the form.
    make_wallet(owner, named)
    page = as_owner.get("/refcodes")
    assert re.findall(r"<option[^>]* selected>(0x\w{40})</option>", page.text) == [checksum(named)]
    assert "Link it to use it here." not in text_of(page)
    as_owner.submit(f"/refcodes/{code}/wallet", {"wallet": chosen})
    assert "go to this wallet" in text_of(as_owner.get("/refcodes"))
    as_owner.submit(f"/refcodes/{code}/wallet", {"wallet": checksum(named)})
    assert "This code has a wallet already, and it stays." in text_of(as_owner.get("/refcodes"))
    # A wallet that the owner chose stays, whatever the store names from then on, and the store does not learn it.
    for later in (named, new_address()):
        answer = ask(client, key, {**CUSTOMER, "walletAddress": later})
        assert wallet_of(answer) == (checksum(later), "other_proven")
        assert chosen not in answer.text.lower()
    assert Refcode.get().wallet_address == chosen
    assert wallet_of(ask(client, key, {**CUSTOMER, "walletAddress": chosen})) == (checksum(chosen), "proven")
    as_owner.submit(f"/refcodes/stores/{StoreReferrer.get().id}/disconnect")
    assert wallet_of(ask(client, key, {**CUSTOMER, "walletAddress": chosen})) == (
        checksum(chosen),
        "unproven",
    )


@pytest.mark.parametrize(
    ("wallet", "code"),
    [
        ("0x" + "Ab" * 20, "address_checksum_wrong"),
        ("0x" + "0" * 40, "address_invalid"),
        ("0x" + "ab" * 19, "address_invalid"),
        ("vitalik.eth", "address_invalid"),
        ("0x" + "dead" * 10, "address_reserved"),
        (f"0x{1:040x}", "address_reserved"),
        (TOKEN, "payee_is_contract"),
        (TOKEN.upper().replace("0X", "0x"), "payee_is_contract"),
    ],
)
def test_wallet_that_cannot_be_paid_is_refused_at_its_field(
    make_app: MakeApp, key: str, wallet: str, code: str
) -> None:
    client = visitor(make_app(referral_reward_token_address=TOKEN))
    answer = ask(client, key, {**CUSTOMER, "walletAddress": wallet})
    assert (answer.status_code, error_of(answer)["code"]) == (422, code)
    assert "walletAddress" in error_of(answer)["fields"]
    assert StoreReferrer.select().count() == 0


def test_test_key_stores_no_wallet(client: Visitor, store: Store, key: str) -> None:
    test_key = create_key(store.id, "test", ACTOR).text
    ask(client, key)
    named = new_address()
    assert wallet_of(ask(client, test_key, {**CUSTOMER, "walletAddress": named})) == (
        checksum(named),
        "unproven",
    )
    assert StoreReferrer.get().stated_wallet is None


def test_customer_belongs_to_one_account(
    client: Visitor, as_owner: Visitor, as_other: Visitor, store: Store, key: str
) -> None:
    path = connect_path(client, ask(client, key).get_json()["embedUrl"])
    assert as_owner.submit(path).status_code == 303
    assert as_owner.submit(path).status_code == 303
    assert as_other.submit(path).status_code == 409
    referrer = StoreReferrer.get()
    assert as_other.submit(f"/refcodes/stores/{referrer.id}/disconnect").status_code == 404
    assert StoreReferrer.get().user_id == referrer.user_id
    # The same name of a customer in another store is another person.
    elsewhere = create_key(make_store().id, "live", ACTOR).text
    assert ask(client, elsewhere).get_json()["connected"] is False


def test_only_pages_of_the_store_may_show_the_results(
    client: Visitor, app: Flask, store: Store, key: str
) -> None:
    embed = path_of(ask(client, key).get_json()["embedUrl"])
    answer = visitor(app).get(embed)
    policy = answer.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SHOP} https://www.shop.example;" in policy
    assert "form-action 'none'" in policy
    assert "X-Frame-Options" not in answer.headers
    assert not answer.headers.getlist("Set-Cookie")
    assert "<form" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    Store.update(origins=[]).where(Store.id == store.id).execute()
    assert "frame-ancestors 'none'" in client.get(embed).headers["Content-Security-Policy"]
    Store.update(active=False).where(Store.id == store.id).execute()
    refused = client.get(embed)
    assert (refused.status_code, refused.headers["X-Frame-Options"]) == (404, "DENY")


def test_links_of_a_store_expire(
    client: Visitor, as_owner: Visitor, owner: User, store: Store, key: str
) -> None:
    answer = ask(client, key).get_json()
    embed, code = path_of(answer["embedUrl"]), answer["code"]
    path = connect_path(client, embed)
    as_owner.submit(path)
    assert code in client.get(embed).text
    with time_machine.travel(utc_now().timestamp() + 901, tick=False):
        expired = client.get(embed)
        assert "expired" in expired.text
        assert code not in expired.text
    with time_machine.travel(utc_now().timestamp() + 3601, tick=False):
        assert visitor(client.application, make_user()).get(path).status_code == 410
    assert client.get(f"{embed}x").status_code == 404
    # A token of one purpose is none of the other.
    assert client.get(f"/embed/{path.rpartition('/')[2]}").status_code == 404
    assert as_owner.get(f"/refcodes/stores/connect/{embed.rpartition('/')[2]}").status_code == 410


def test_minted_reward_leads_to_its_public_proof(
    client: Visitor, as_owner: Visitor, owner: User, store: Store, key: str
) -> None:
    code = make_code(owner)
    make_reward(code, status="minted", tx_hash="0x" + "ab" * 32)
    make_reward(code, status="pending_approval")
    path = connect_path(client, ask(client, key).get_json()["embedUrl"])
    as_owner.submit(path)
    shown = client.get(path_of(ask(client, key).get_json()["embedUrl"])).text
    assert len(re.findall(r'href="/proof/0x[0-9a-f]{64}" target="_blank"', shown)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "customer"),
        ({"customer": "c-17"}, "customer"),
        ({"customer": {}}, "customer.externalId"),
        ({"customer": {"externalId": ""}}, "customer.externalId"),
        ({"customer": {"externalId": 17}}, "customer.externalId"),
        ({"customer": {"externalId": "x" * 201}}, "customer.externalId"),
    ],
)
def test_malformed_customer_is_refused(client: Visitor, key: str, body: dict[str, Any], field: str) -> None:
    answer = ask(client, key, body)
    assert (answer.status_code, list(error_of(answer)["fields"])) == (422, [field])


def test_other_keys_are_refused(client: Visitor, store: Store, key: str) -> None:
    reading = create_key(make_store().id, "live", ACTOR, scopes=["orders:read"]).text
    assert error_of(ask(client, reading))["code"] == "scope_missing"
    for text in ("", "rk_live_" + "a" * 32, key[:-1]):
        answer = ask(client, text)
        assert (answer.status_code, error_of(answer)["code"]) == (401, "store_key_invalid")
    assert error_of(client.post("/api/v1/referrers", json=CUSTOMER))["code"] == "store_key_invalid"
    test_key = create_key(store.id, "test", ACTOR).text
    assert len(ask(client, test_key).get_json()["code"]) == 8
    assert (StoreReferrer.select().count(), Refcode.select().count(), User.select().count()) == (0, 0, 0)


def test_pages_show_a_code_and_a_reward_without_a_wallet(
    client: Visitor, as_owner: Visitor, as_admin: Visitor, key: str
) -> None:
    answer = ask(client, key).get_json()
    reward = make_reward(Refcode.get_by_id(answer["code"]), status="approved")
    as_owner.submit(connect_path(client, answer["embedUrl"]))
    for page in (
        as_owner.get("/refcodes"),
        as_admin.get("/admin/refcodes?status=approved"),
        as_admin.get(f"/admin/refcodes/codes/{answer['code']}"),
        as_admin.get(f"/admin/audit?orderReference={reward.order_reference}"),
    ):
        assert page.status_code == 200
    assert "Waiting for the referrer" in as_admin.get("/admin/refcodes?status=approved").text
    mine = as_owner.get("/api/refcodes").get_json()
    assert [code["walletAddress"] for code in mine["codes"]] == [None]
    stored = as_admin.get("/api/admin/rewards?status=approved").get_json()["rewards"]
    assert [row["referrerWallet"] for row in stored] == [None]
