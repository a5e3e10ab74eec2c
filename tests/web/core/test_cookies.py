"""Cookies outlive the browser window, belong to one portal, and are read beside whatever a parent domain sets."""

from __future__ import annotations

import time

import pytest
import time_machine
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from models import Refcode, User
from tests.factories import make_product
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor

STRANGE = [
    "",
    "x",
    '"',
    '"\\000"',
    "%00",
    "é",
    "a" * 4000,
    '{"a":1}',
    "yes|no",
    "x|é",
    ".",
    "x.y.z",
    '"\\355\\240\\200"',
]


SIGN_UP = {"name": "Nina New", "email": "nina@example.com", "password": "a long password of hers"}


def session_of(client: Visitor, name: str = "ring_session") -> str:
    cookie = client.get_cookie(name)
    assert cookie, name
    return cookie.value


def get_with(app: Flask, path: str, header: str):
    sent = header.encode(errors="surrogateescape").decode("latin1")
    return app.test_client(use_cookies=False).get(path, headers={"Cookie": sent})


def test_sessions_of_the_previous_release_are_read(app: Flask, as_owner: Visitor) -> None:
    serializer = app.session_interface.get_signing_serializer(app)
    signers = [signer.digest_method().name for signer in serializer.iter_unsigners()]
    assert signers == ["sha256", "sha1"]
    value = serializer.loads(session_of(as_owner))
    earlier = SecureCookieSessionInterface().get_signing_serializer(app).dumps(value)
    assert get_with(app, "/orders", f"ring_session={earlier}").status_code == 200


def test_signing_in_and_the_cart_outlive_the_browser_window(make_app: MakeApp, owner: User) -> None:
    client = visitor(make_app(session_total_hours=48), owner)
    answers = [
        client.get("/login"),
        client.submit("/cart", {"product_id": str(make_product().id), "quantity": "1"}),
    ]
    headers = [header for answer in answers for header in client.cookie_headers(answer, "ring_session")]
    assert headers
    for header in headers:
        assert "Max-Age=172800" in header
    assert client.get_cookie("ring_session").max_age == 172800


@pytest.mark.parametrize(("ahead", "is_read"), [(2, True), (3600, True), (-3600, True), (40 * 86400, False)])
def test_session_that_a_host_with_another_clock_signed_is_read(
    app: Flask, owner: User, ahead: int, is_read: bool
) -> None:
    with time_machine.travel(time.time() + ahead, tick=False):
        client = visitor(app, owner)
    assert (client.get("/account/security").status_code == 200) == is_read


def test_a_page_that_changes_nothing_sets_no_session(as_owner: Visitor) -> None:
    as_owner.get("/login")
    assert as_owner.cookie_headers(as_owner.get("/orders"), "ring_session") == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"app_url": "http://localhost:8001"}, {"app_url": "http://localhost:8002"}),
        ({"app_url": "http://localhost:8001"}, {"app_url": "http://localhost"}),
        ({"app_url": "https://localhost:8443"}, {"app_url": "https://localhost"}),
        # The address was left at its default by both.
        (
            {"app_url": "http://127.0.0.1:8000"},
            {"app_url": "http://127.0.0.1:8000", "secret_key": "another secret"},
        ),
    ],
)
def test_portals_on_ports_of_one_host_have_cookies_of_their_own(
    make_app: MakeApp, first: dict[str, str], second: dict[str, str]
) -> None:
    names = []
    for settings in (first, second):
        switch = {"Referer": "http://localhost/login"}
        answer = make_app(**settings).test_client().get("/uk/login", headers=switch)
        cookies = {header.partition("=")[0] for header in answer.headers.getlist("Set-Cookie")}
        assert len(cookies) == 2, cookies
        names.append(cookies)
    assert not names[0] & names[1]


SPECIFIED = {"ring_ref", "ring_ref_visible", "ring_via"}


@pytest.mark.parametrize("url", ["https://shop.example", "https://shop.example:8443"])
def test_cookies_under_https_cannot_be_set_by_other_hosts(make_app: MakeApp, code: Refcode, url: str) -> None:
    app = make_app(app_url=url, referral_consent_required=True)
    app.config["PREFERRED_URL_SCHEME"] = "https"
    client = visitor(app)
    answers = [
        client.get(f"/uk/?ref={code.code}", headers={"Referer": f"{url}/"}, base_url=url),
        client.submit("/referral-choice", {"choice": "agree", "code": code.code}),
        client.submit("/register", SIGN_UP),
        client.submit("/referral-choice", {"choice": "forget"}),
    ]
    headers = [header for answer in answers for header in answer.headers.getlist("Set-Cookie")]
    names = {header.partition("=")[0] for header in headers}
    for header in headers:
        _name, *attributes = [part.strip() for part in header.split(";")]
        assert {"Secure", "Path=/"} <= set(attributes), header
        assert not any(attribute.startswith("Domain") for attribute in attributes), header
    bare = {name for name in names if not name.startswith("__Host-")}
    assert bare == SPECIFIED | {"ring_visit"}
    assert len(names - bare) == 5, names


def test_the_first_touch_keeps_its_names_on_any_port(make_app: MakeApp, code: Refcode) -> None:
    client = make_app(app_url="http://localhost:8001").test_client()
    client.get(f"/?ref={code.code}")
    for name in ("ring_ref", "ring_ref_visible"):
        assert client.get_cookie(name).value == code.code


def test_the_description_names_the_session_cookie(make_app: MakeApp) -> None:
    for url, port in (("https://shop.example", ""), ("https://shop.example:8443", "_")):
        client = make_app(app_url=url).test_client()
        name = client.get("/openapi.json").json["components"]["securitySchemes"]["session"]["name"]
        assert name.startswith(f"__Host-ring_session{port}")
        assert client.get_cookie(name) is None
        headers = client.get("/login").headers.getlist("Set-Cookie")
        assert any(header.startswith(f"{name}=") for header in headers)


@pytest.mark.parametrize("strange", STRANGE)
def test_a_cookie_of_a_parent_domain_hides_none_of_ours(
    app: Flask, as_owner: Visitor, code: Refcode, strange: str
) -> None:
    session = session_of(as_owner)
    for first, second in ((strange, session), (session, strange)):
        header = f"ring_session={first}; ring_session={second}; ring_locale={strange}; ring_locale=uk"
        answer = get_with(app, "/orders", header)
        assert answer.status_code == 200, header
        assert '<html lang="uk">' in answer.text
    answer = get_with(app, f"/?ref={code.code}", f"ring_ref={strange}; ring_ref=ABCDEFGH")
    assert not any("ring_ref" in header for header in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_value_of_any_cookie_is_answered(app: Flask, database: str, strange: str) -> None:
    names = ("ring_session", "ring_locale", "ring_device", "ring_consent", "ring_ref", "ring_ref_visible",
             "ring_visit", "remember_token", "session", "csrf_token", strange)  # fmt: skip
    for name in names:
        assert get_with(app, "/uk/login", f"{name}={strange}; {name}={strange}").status_code == 200, name


@pytest.mark.parametrize(
    "header",
    [
        '$Version="1"; ring_session={}; $Path="/"; $Domain="example.com"',
        'ring_session="{}"',
        "ring_session={};",
        ";;ring_session={}",
        "ring_session={}; " + "x=y; " * 500,
        "x=" + "z" * 8000 + "; ring_session={}",
        "a; b=; =c; ring_session={}",
        'open="; ring_session={}',
    ],
)
def test_session_is_found_in_any_cookie_header(app: Flask, as_owner: Visitor, header: str) -> None:
    answer = get_with(app, "/orders", header.replace("{}", session_of(as_owner)))
    assert answer.status_code == 200
