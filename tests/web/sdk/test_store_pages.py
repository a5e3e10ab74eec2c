"""What pages of connected stores send and read: arrivals and the badge. See docs/rules/visits.md."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import Refcode, Store
from portal.lib.clock import utc_now
from tests.factories import make_code, make_store
from tests.web.conftest import MakeApp
from tests.web.conftest import visitor as browser
from tests.web.visitor import Visitor, error_of

ARRIVALS = ("/api/v1/arrivals", "/api/refcodes/track")
SHOP = "https://shop.example"
FROM_SHOP = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain;charset=UTF-8"}


@pytest.fixture
def store(database: str) -> Store:
    return make_store(origins=[SHOP, "https://www.shop.example"])


def visits(code: Refcode) -> int:
    return int(Refcode.get_by_id(code.code).visits_total)


@pytest.mark.parametrize("path", ARRIVALS)
def test_arrival_from_a_registered_origin_counts(
    client: Visitor, code: Refcode, store: Store, path: str
) -> None:
    body = {"code": code.code, "store": store.public_id}
    answer = client.post(path, json=body, headers=FROM_SHOP)
    assert (answer.status_code, answer.get_json()) == (200, {"success": True})
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Origin" in answer.vary
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert visits(code) == 1
    assert Store.get_by_id(store.id).snippet_seen_at is not None


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "null",
        "",
    ],
)
def test_arrival_from_another_origin_is_ignored(
    client: Visitor, code: Refcode, store: Store, origin: str
) -> None:
    for path in ARRIVALS:
        body = {"code": code.code, "store": store.public_id}
        answer = client.post(path, json=body, headers={**FROM_SHOP, "Origin": origin})
        assert (answer.status_code, answer.get_json()) == (200, {"success": True})
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert visits(code) == 0
    assert Store.get_by_id(store.id).snippet_seen_at is None


def test_arrival_without_a_connected_store_is_ignored(client: Visitor, code: Refcode, store: Store) -> None:
    gone = make_store(origins=[SHOP], active=False)
    for name in (None, "", 5, "nosuchstore", gone.public_id, make_store().public_id, [store.public_id]):
        answer = client.post(ARRIVALS[0], json={"code": code.code, "store": name}, headers=FROM_SHOP)
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert client.post(ARRIVALS[0], json={"code": code.code}, headers=FROM_SHOP).status_code == 200
    assert visits(code) == 0


def test_crawler_in_a_store_is_not_counted(client: Visitor, code: Refcode, store: Store) -> None:
    headers = {**FROM_SHOP, "User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}
    client.post(ARRIVALS[0], json={"code": code.code, "store": store.public_id}, headers=headers)
    assert visits(code) == 0


def test_page_of_a_store_reads_that_a_code_is_unknown(client: Visitor, store: Store) -> None:
    answer = client.post(ARRIVALS[0], json={"code": "ABCDEFGH", "store": store.public_id}, headers=FROM_SHOP)
    assert (answer.status_code, error_of(answer)["code"]) == (404, "code_unknown")
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP


def test_snippet_is_noted_once_a_minute(client: Visitor, code: Refcode, store: Store) -> None:
    def seen_after(seconds: int) -> bool:
        before = utc_now() - timedelta(seconds=seconds)
        Store.update(snippet_seen_at=before).where(Store.id == store.id).execute()
        client.post(ARRIVALS[0], json={"code": code.code, "store": store.public_id}, headers=FROM_SHOP)
        return bool(Store.get_by_id(store.id).snippet_seen_at > before)

    assert [seen_after(10), seen_after(70)] == [False, True]


@pytest.mark.parametrize(
    ("lang", "shown", "start"),
    [
        ("en", "en", "Referral code"),
        ("uk-UA", "uk", "Реферальний код"),
        ("RU", "ru", "Реферальный код"),
        ("de", "en", "Referral code"),
        ("", "en", "Referral code"),
    ],
)
def test_badge_speaks_the_language_of_the_page(
    client: Visitor, code: Refcode, store: Store, lang: str, shown: str, start: str
) -> None:
    answer = client.get(
        f"/api/v1/badge?store={store.public_id}&code={code.code}&lang={lang}", headers={"Origin": SHOP}
    )
    said = answer.get_json()
    assert (said["applies"], said["lang"]) == (True, shown)
    assert said["text"].startswith(start)
    assert code.code in said["text"]
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "Origin" in answer.vary
    assert not answer.headers.getlist("Set-Cookie")


def test_badge_says_nothing_of_a_code_that_does_not_apply(client: Visitor, store: Store, other) -> None:
    inactive = make_code(other, active=False).code
    for code in ("", "ABCDEFGH", "x" * 500, inactive):
        answer = client.get(f"/api/v1/badge?store={store.public_id}&code={code}", headers={"Origin": SHOP})
        assert answer.get_json() == {"applies": False, "text": None, "lang": "en"}
    foreign = client.get(f"/api/v1/badge?store={store.public_id}", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert "Origin" in foreign.vary
    assert error_of(client.get("/api/v1/badge?store=nosuchstore"))["code"] == "store_unknown"


def test_badge_is_limited_per_address(make_app: MakeApp, store: Store) -> None:
    reader = browser(make_app(rate_limit_requests="2 per minute"))
    address = f"/api/v1/badge?store={store.public_id}"
    assert [reader.get(address).status_code for _ in range(3)] == [200, 200, 429]
