"""`POST /api/refcodes/track`: what counts as a visit, and the response. See docs/rules/visits.md."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from flask import Flask

from models import Refcode, VisitDaily
from portal.db import release_connection
from tests.factories import make_code
from tests.web.conftest import MakeApp
from tests.web.visitor import Visitor, error_of

TRACK = "/api/refcodes/track"
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def visits(code: Refcode) -> tuple[int, int]:
    """Return the total and the sum of the buckets."""
    buckets = sum(row.visits for row in VisitDaily.select().where(VisitDaily.code == code.code))
    return Refcode.get_by_id(code.code).visits_total, buckets


def test_beacon_counts_without_session_or_csrf_token(client: Visitor, code: Refcode) -> None:
    answer = client.post(TRACK, json={"code": code.code}, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.get_json() == {"success": True}
    assert visits(code) == (1, 1)
    assert Refcode.get_by_id(code.code).last_visit_at is not None


def test_any_content_type_is_read_as_json(client: Visitor, code: Refcode) -> None:
    # A beacon sent while the page closes is labelled text/plain.
    for content_type in (
        "text/plain;charset=UTF-8",
        "application/json",
        "",
        "application/x-www-form-urlencoded",
    ):
        answer = client.post(TRACK, data=f'{{"code": "{code.code}"}}', content_type=content_type)
        assert answer.status_code == 200, content_type
    assert visits(code) == (4, 4)


@pytest.mark.parametrize(
    "body", [{}, {"code": None}, {"code": ""}, {"code": 5}, {"code": ["a"]}, {"code": "x" * 65},
             {"code": "a\nb"}, {"code": "\x00"}, {"code": "\ud800"}, {"code": "\u202e"}]
)  # fmt: skip
def test_malformed_codes_are_refused(client: Visitor, body: dict[str, object]) -> None:
    answer = client.post(TRACK, json=body)
    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["code"], list(error["fields"])) == ("code_malformed", ["code"])


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"code=abc", b"[" * 100_000])
def test_malformed_bodies_are_refused(client: Visitor, raw: bytes) -> None:
    answer = client.post(TRACK, data=raw)
    assert answer.status_code == 400
    assert error_of(answer)["code"] in ("body_malformed", "code_malformed")


@pytest.mark.parametrize("text", ["nosuchcd", "a", "x" * 64, "'; DROP TABLE refcodes --", "<script>", "код"])
def test_unknown_codes_are_not_found(client: Visitor, text: str) -> None:
    answer = client.post(TRACK, json={"code": text})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "code_unknown")


def test_codes_are_case_sensitive(client: Visitor, other) -> None:
    make_code(other, code="AbCdEfGh")
    assert client.post(TRACK, json={"code": "abcdefgh"}).status_code == 404


def test_deactivated_code_is_not_counted(client: Visitor, other) -> None:
    code = make_code(other, active=False)
    assert client.post(TRACK, json={"code": code.code}).status_code == 404
    assert visits(code) == (0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "TelegramBot (like TwitterBot)"},
        {"User-Agent": "WhatsApp/2.23.20.0"},
        {**BROWSER, "Sec-Purpose": "prefetch;prerender"},
        {**BROWSER, "Purpose": "prefetch"},
        {**BROWSER, "X-Moz": "prefetch"},
    ],
)
def test_bots_and_prefetches_are_not_counted(client: Visitor, code: Refcode, headers: dict[str, str]) -> None:
    answer = client.post(TRACK, json={"code": code.code}, headers=headers)
    assert answer.get_json() == {"success": True}
    assert visits(code) == (0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8001"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Content-Type": "text/plain"},
    ],
)
@pytest.mark.parametrize("path", [TRACK, f"{TRACK}?x=1"])
def test_other_sites_are_not_counted(
    client: Visitor, code: Refcode, headers: dict[str, str], path: str
) -> None:
    body = f'{{"code": "{code.code}"}}'
    answer = client.post(path, data=body, headers={**BROWSER, **headers})
    assert (answer.status_code, answer.get_json()) == (200, {"success": True})
    assert visits(code) == (0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://shop.example"},
        {"Origin": "http://alias.example:8000", "Host": "alias.example:8000"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://shop.example"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
)
def test_own_pages_and_programs_are_counted(
    make_app: MakeApp, code: Refcode, headers: dict[str, str]
) -> None:
    client = make_app(app_url="https://shop.example").test_client()
    client.post(TRACK, json={"code": code.code}, headers={**BROWSER, **headers})
    assert visits(code) == (1, 1)


def test_get_is_refused(client: Visitor) -> None:
    answer = client.get(TRACK)
    assert (answer.status_code, error_of(answer)["code"]) == (405, "method_not_allowed")


def test_excess_beacons_are_refused_with_retry_after(make_app: MakeApp, other) -> None:
    code = make_code(other)
    client = make_app(rate_limit_beacon="3 per minute").test_client()
    answers = [client.post(TRACK, json={"code": code.code}, headers=BROWSER) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert error_of(answers[-1])["code"] == "rate_limited"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert visits(code) == (3, 3)


def test_visit_windows_end_today_in_utc(app: Flask, other) -> None:
    code = make_code(other)
    reader, client = app.test_client().sign_in_as(other), app.test_client()
    for _ in range(2):
        client.post(TRACK, json={"code": code.code}, headers=BROWSER)
    answer = reader.get("/api/refcodes").get_json()["codes"][0]["visitStats"]
    assert answer == {"total": 2, "today": 2, "last7d": 2, "last28d": 2}
    day = VisitDaily.get().day.toordinal()
    for days, expected in ((1, (0, 2, 2)), (6, (0, 2, 2)), (7, (0, 0, 2)), (27, (0, 0, 2)), (28, (0, 0, 0))):
        moment = VisitDaily.get().day.fromordinal(day + days)
        with time_machine.travel(f"{moment}T12:00:00+00:00", tick=False):
            answer = reader.get("/api/refcodes").get_json()["codes"][0]["visitStats"]
        assert (answer["today"], answer["last7d"], answer["last28d"]) == expected, days
        assert answer["total"] == 2


def test_concurrent_beacons_all_count(app: Flask, code: Refcode) -> None:
    def send_beacon(_: int) -> int:
        try:
            return app.test_client().post(TRACK, json={"code": code.code}, headers=BROWSER).status_code
        finally:
            release_connection()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send_beacon, range(40))) == {200}
    assert visits(code) == (40, 40)
