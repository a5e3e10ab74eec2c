"""The beacon's rate limit: an address's share, replicas that share it through Redis, and a Redis that is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from subprocess import Popen

import pytest

from models import Refcode
from portal.web.core.address_limit import visitor_key
from tests.support.redis import redis_server
from tests.web.conftest import MakeApp
from tests.web.visitor import Visitor

TRACK = "/api/refcodes/track"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def redis() -> Iterator[tuple[str, Popen[bytes]]]:
    with redis_server() as running:
        yield running


def arrive(client: Visitor, code: Refcode, address: str = "192.0.2.1") -> int:
    answer = client.post(
        TRACK, json={"code": code.code}, headers=BROWSER, environ_base={"REMOTE_ADDR": address}
    )
    return answer.status_code


def test_each_address_has_a_share_of_its_own(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(rate_limit_beacon="2 per minute").test_client()
    assert [arrive(client, code, "192.0.2.1") for _ in range(3)] == [200, 200, 429]
    assert arrive(client, code, "192.0.2.2") == 200


def test_a_household_is_one_address_under_ipv6() -> None:
    assert visitor_key("2001:db8:1:2:3:4:5:6") == visitor_key("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert visitor_key("2001:db8:1:3::9") != visitor_key("2001:db8:1:2::9")
    assert visitor_key("192.0.2.1") == visitor_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert visitor_key("not:an:address") == "not:an:address"


def test_replicas_share_the_limit_through_redis(
    make_app: MakeApp, code: Refcode, redis: tuple[str, Popen[bytes]]
) -> None:
    clients = [make_app(rate_limit_beacon="3 per minute", redis_url=redis[0]).test_client() for _ in range(2)]
    assert [arrive(clients[number % 2], code) for number in range(5)] == [200, 200, 200, 429, 429]
    assert Refcode.get_by_id(code.code).visits_total == 3


def test_replicas_without_redis_count_each_for_itself(make_app: MakeApp, code: Refcode) -> None:
    clients = [make_app(rate_limit_beacon="1 per minute").test_client() for _ in range(2)]
    assert [arrive(client, code) for client in clients] == [200, 200]


def test_a_redis_that_dies_turns_nobody_away(
    make_app: MakeApp, code: Refcode, redis: tuple[str, Popen[bytes]]
) -> None:
    url, process = redis
    app = make_app(rate_limit_beacon="3 per minute", rate_limit_sign_in="1000 per minute", redis_url=url)
    client = app.test_client()
    assert arrive(client, code) == 200
    process.kill()
    process.wait()
    started = time.monotonic()
    assert [arrive(client, code) for _ in range(4)] == [200, 200, 200, 429]
    assert time.monotonic() - started < 5
    # The pages whose limits Flask-Limiter keeps go on too.
    assert (
        client.submit("/login", {"email": "nobody@x.example", "password": "wrong-password"}).status_code
        == 401
    )


def test_a_refused_visitor_is_told_in_words_and_when(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(rate_limit_beacon="1 per minute").test_client()
    arrive(client, code)
    answer = client.post(
        TRACK, json={"code": code.code}, headers=BROWSER, environ_base={"REMOTE_ADDR": "192.0.2.1"}
    )
    assert answer.status_code == 429
    assert answer.get_json()["error"]["code"] == "rate_limited"
    assert 0 < int(answer.headers["Retry-After"]) <= 61


# ---------------------------------------------------------------------- the short way and the usual one


@pytest.mark.parametrize("prefix", ["", "/uk"])
@pytest.mark.parametrize("query", ["", "?x=1"])
def test_both_ways_count_and_answer_the_same(client: Visitor, code: Refcode, prefix: str, query: str) -> None:
    answer = client.post(f"{prefix}{TRACK}{query}", json={"code": code.code}, headers=BROWSER)
    assert (answer.status_code, answer.get_json()) == (200, {"success": True})
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert Refcode.get_by_id(code.code).visits_total == 1


def test_an_error_counts_once_against_the_limit(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(rate_limit_beacon="2 per minute").test_client()
    wrong = client.post(TRACK, json={"code": "nosuchcd"}, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert wrong.status_code == 404
    assert [arrive(client, code) for _ in range(2)] == [200, 429]
