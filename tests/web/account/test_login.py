"""Sign-in and sign-out: uniform refusals, safe redirects, rate limits."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from flask import Flask
from werkzeug.test import TestResponse

from models import SignInFailure, User
from portal.accounts import passwords
from tests.factories import PASSWORD, make_user
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def sign_in(client: Visitor, email: str, password: str = PASSWORD, **more: str):
    return client.submit("/login", {"email": email, "password": password, **more})


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda text: f"  {text} "])
def test_email_is_case_insensitive(client: Visitor, owner: User, change) -> None:
    answer = sign_in(client, change(owner.email))
    assert (answer.status_code, answer.location) == (303, "/")
    assert owner.name in text_of(client.get("/"))


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        (
            "olena@пошта.укр",
            "olena@xn--80a1acn3a.xn--j1amh",
        ),  # browsers send e-mail fields in Punycode
        ("olena@пошта.укр", "Olena@ПОШТА.укр"),
        ("ren\u00e9@example.com", "rene\u0301@example.com"),  # decomposed, as some keyboards type it
    ],
)
def test_equivalent_email_forms_sign_in(client: Visitor, stored: str, typed: str) -> None:
    owner = make_user(email=stored)
    assert sign_in(client, typed).status_code == 303
    assert owner.name in text_of(client.get("/"))


def test_failures_are_counted_across_email_forms(make_app: MakeApp) -> None:
    make_user(email="olena@пошта.укр")
    client = visitor(make_app(sign_in_failures_per_address=2))
    forms = ("olena@пошта.укр", "olena@xn--80a1acn3a.xn--j1amh", "OLENA@пошта.укр")
    assert [sign_in(client, form, "wrong").status_code for form in forms] == [401, 401, 429]


def refusal_page(client: Visitor, email: str, password: str) -> str:
    """Return the refusal page without the submitted values and the token."""
    page = sign_in(client, email, password)
    assert page.status_code == 401
    assert f'value="{email}"' in page.text
    return re.sub(r'(content|value)="[^"]{15,}"', "", page.text)


def test_wrong_password_and_unknown_email_look_the_same(client: Visitor, owner: User) -> None:
    wrong = refusal_page(client, owner.email, "not the password")
    assert wrong == refusal_page(client, "nobody@example.com", "not the password")
    assert wrong == refusal_page(client, owner.email, "")


def test_account_without_password_cannot_sign_in(client: Visitor) -> None:
    user = make_user(password_hash=None)
    for password in ("", "no account has this password", "None"):
        assert sign_in(client, user.email, password).status_code == 401


@pytest.mark.parametrize("email", ["", "%", "' OR 1=1 --", "x" * 10_000, "ö@ö"])
def test_malformed_email_is_refused(client: Visitor, email: str) -> None:
    assert sign_in(client, email).status_code == 401


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_refusal_is_in_the_page_language(client: Visitor, locale: str) -> None:
    page = client.submit(f"/{locale}/login", {"email": "nobody@example.com", "password": "x"})
    assert f'<html lang="{locale}">' in page.text
    assert 'id="email-error"' in page.text
    assert 'value="nobody@example.com"' in page.text


def test_next_is_read_from_the_query_string(client: Visitor, owner: User) -> None:
    form = {"email": owner.email, "password": PASSWORD}
    assert client.submit("/login?next=/orders", form).location == "/orders"
    assert client.submit("/login?next=//evil.example", form).location == "/"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "http:evil.example",
     "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " /x", "evil.example", "///evil.example",
     "https:/evil.example", f"/{'x' * 4000}"],
)  # fmt: skip
def test_open_redirect_is_refused(client: Visitor, owner: User, target: str) -> None:
    page = client.get("/login", query_string={"next": target})
    assert 'name="next" value=""' in page.text
    answer = sign_in(client, owner.email, next=target)
    assert answer.headers.get("Location", "/") == "/"


@pytest.mark.parametrize(
    "target", ["/refcodes", "/uk/orders?x=1", "/cart#total", "/audit?orderReference=//x"]
)
def test_local_next_path_is_followed(client: Visitor, owner: User, target: str) -> None:
    assert sign_in(client, owner.email, next=target).location == target


def test_sign_in_returns_to_the_requested_page(client: Visitor, owner: User) -> None:
    redirect = client.get("/ru/refcodes?cursor=a%2Bb&x=%26")
    assert redirect.status_code == 303
    form = client.get(redirect.location).text
    target = re.search(r'name="next" value="([^"]+)"', form)
    assert target
    answer = sign_in(client, owner.email, next=target[1].replace("&amp;", "&"))
    assert answer.location == "/ru/refcodes?cursor=a%2Bb&x=%26"


def test_sign_in_keeps_the_cart_and_renews_the_session(client: Visitor, owner: User) -> None:
    client.fill_cart((5, 2))
    token = client.token()
    before = client.get_cookie("ring_session")
    client.post("/login", data={"email": owner.email, "password": PASSWORD, "csrf_token": token})
    assert client.cart() == {"5": 2}
    assert client.get_cookie("ring_session") != before
    assert client.post("/logout", data={"csrf_token": token}).status_code == 400


def test_sign_out_ends_the_session_and_keeps_the_first_touch(client: Visitor, owner: User) -> None:
    client.set_cookie("ring_ref", "zzzzzzzz")
    sign_in(client, owner.email)
    answer = client.submit("/uk/logout")
    assert (answer.status_code, answer.location) == (303, "/uk/")
    assert client.get("/orders").status_code == 303
    assert client.get_cookie("ring_ref") is not None
    assert client.submit("/logout").status_code == 401


def test_sign_out_requires_post_and_csrf_token(as_owner: Visitor) -> None:
    assert as_owner.get("/logout").status_code == 405
    assert as_owner.post("/logout").status_code == 400
    assert as_owner.get("/orders").status_code == 200


def test_sign_in_requires_csrf_token(client: Visitor, owner: User) -> None:
    answer = client.post("/login", data={"email": owner.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get("/orders").status_code == 303


def test_session_of_unknown_user_is_anonymous(app: Flask) -> None:
    client = app.test_client()
    for user_id in ("999999", "x", "-1", "", "9" * 30):
        with client.session_transaction() as session:
            session["_user_id"] = user_id
        assert client.get("/orders").status_code == 303, user_id
        assert client.get("/").status_code == 200, user_id


def test_sign_in_is_rate_limited(make_app) -> None:
    client = make_app(rate_limit_sign_in="2 per minute").test_client()
    answers = [client.submit("/login", {"email": "nobody@example.com"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert "Retry-After" in answers[-1].headers
    assert client.get("/login").status_code == 200


def test_ipv6_network_shares_one_sign_in_limit(make_app: MakeApp) -> None:
    client = visitor(make_app(rate_limit_sign_in="2 per minute"))
    statuses = []
    for address in ("2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2::3", "2001:db8:1:3::1"):
        form = {"email": "nobody@example.com"}
        statuses.append(client.submit("/login", form, environ_base={"REMOTE_ADDR": address}).status_code)
    assert statuses == [401, 401, 429, 401]


def test_a_flood_of_sign_ins_is_refused_with_the_time_to_try_again(
    app: Flask, owner: User, portal_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", portal_hasher)
    User.update(password_hash=portal_hasher.hash(PASSWORD)).execute()

    def try_once(_: int) -> TestResponse:
        return sign_in(visitor(app), owner.email)

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(try_once, range(40)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert {answer.status_code for answer in answers} == {303, 503}
    for answer in refused:
        assert int(answer.headers["Retry-After"]) > 0
        assert "Too many people are signing in right now." in text_of(answer)
    assert not SignInFailure.select().exists(), "an unchecked password is no failure"
    assert sign_in(visitor(app), owner.email).status_code == 303
