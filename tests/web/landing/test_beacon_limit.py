"""The beacon's rate limit: per address, shared through Redis, and without Redis."""

from __future__ import annotations

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


def send_beacon(client: Visitor, code: Refcode, address: str = "192.0.2.1") -> int:
    answer = client.post(
        TRACK, json={"code": code.code}, headers=BROWSER, environ_base={"REMOTE_ADDR": address}
    )
    return answer.status_code


def test_each_address_has_its_own_limit(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(rate_limit_beacon="2 per minute").test_client()
    assert [send_beacon(client, code, "192.0.2.1") for _ in range(3)] == [200, 200, 429]
    assert send_beacon(client, code, "192.0.2.2") == 200


def test_ipv6_network_counts_as_one_address() -> None:
    assert visitor_key("2001:db8:1:2:3:4:5:6") == visitor_key("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert visitor_key("2001:db8:1:3::9") != visitor_key("2001:db8:1:2::9")
    assert visitor_key("192.0.2.1") == visitor_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert visitor_key("not:an:address") == "not:an:address"


def test_replicas_share_the_limit_through_redis(
    make_app: MakeApp, code: Refcode, redis: tuple[str, Popen[bytes]]
) -> None:
    clients = [make_app(rate_limit_beacon="3 per minute", redis_url=redis[0]).test_client() for _ in range(2)]
    assert [send_beacon(clients[number % 2], code) for number in range(5)] == [200, 200, 200, 429, 429]
    assert Refcode.get_by_id(code.code).visits_total == 3


def test_replicas_without_redis_count_separately(make_app: MakeApp, code: Refcode) -> None:
    clients = [make_app(rate_limit_beacon="1 per minute").test_client() for _ in range(2)]
    assert [send_beacon(client, code) for client in clients] == [200, 200]


def test_redis_failure_falls_back_to_local_limits(
    make_app: MakeApp, code: Refcode, redis: tuple[str, Popen[bytes]]
) -> None:
    url, process = redis
    app = make_app(rate_limit_beacon="3 per minute", rate_limit_sign_in="1000 per minute", redis_url=url)
    client = app.test_client()
    assert send_beacon(client, code) == 200
    process.kill()
    process.wait()
    assert [send_beacon(client, code) for _ in range(4)] == [200, 200, 200, 429]
    # Pages limited by Flask-Limiter keep working too.
    assert (
        client.submit("/login", {"email": "nobody@x.example", "password": "wrong-password"}).status_code
        == 401
    )


def test_rate_limited_beacon_gets_error_and_retry_after(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(rate_limit_beacon="1 per minute").test_client()
    send_beacon(client, code)
    answer = client.post(
        TRACK, json={"code": code.code}, headers=BROWSER, environ_base={"REMOTE_ADDR": "192.0.2.1"}
    )
    assert answer.status_code == 429
    assert answer.get_json()["error"]["code"] == "rate_limited"
    assert 0 < int(answer.headers["Retry-After"]) <= 61


# ---------------------------------------------------------------------- the fast path and the regular route


@pytest.mark.parametrize("prefix", ["", "/uk"])
@pytest.mark.parametrize("query", ["", "?x=1"])
def test_fast_path_and_regular_route_behave_the_same(
    client: Visitor, code: Refcode, prefix: str, query: str
) -> None:
    answer = client.post(f"{prefix}{TRACK}{query}", json={"code": code.code}, headers=BROWSER)
    assert (answer.status_code, answer.get_json()) == (200, {"success": True})
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert Refcode.get_by_id(code.code).visits_total == 1


def test_failed_beacon_counts_once_against_the_limit(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(rate_limit_beacon="2 per minute").test_client()
    failed = client.post(TRACK, json={"code": "nosuchcd"}, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert failed.status_code == 404
    assert [send_beacon(client, code) for _ in range(2)] == [200, 429]
