"""Language selection: prefix, cookie, account, Accept-Language, then English."""

from __future__ import annotations

import re

import pytest

from models import User
from tests.factories import give_credit, make_product
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PAGES = ("/", "/cart", "/login", "/register")
SIGNED_IN = ("/orders", "/membership", "/checkout", "/refcodes", "/account/wallets", "/account/security",
             "/notifications")  # fmt: skip


def language(answer) -> str:
    match = re.search(r'<html lang="(\w+)">', answer.text)
    assert match, answer.text[:200]
    return match[1]


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_every_page_works_under_every_prefix(
    client: Visitor, as_owner: Visitor, as_admin: Visitor, as_seller: Visitor, locale: str
) -> None:
    visits = [(client, path) for path in (*PAGES, f"/products/{make_product().slug}")]
    visits += [(as_owner, path) for path in SIGNED_IN]
    visits += [(as_admin, path) for path in ("/admin/refcodes", "/admin/store/commissions", "/admin/audit")]
    visits += [(as_seller, "/vendor/earnings")]
    for browser, path in visits:
        answer = browser.get(f"/{locale}{path}", headers={"Accept-Language": "pl"})
        assert answer.status_code == 200, path
        assert language(answer) == locale, path
        # Every local URL keeps the prefix, except files and the language switch.
        markup = re.sub(r'<a [^>]*\bhreflang="[^>]*>', "", answer.text)
        inside = set(re.findall(r'(?:href|action|hx-get|hx-post)="(/[^"]*)"', markup))
        strays = {url for url in inside if not url.startswith((f"/{locale}/", "/static/", "/brand.css"))}
        assert not strays, (path, strays)


def test_pages_differ_by_language(client: Visitor) -> None:
    for path in PAGES:
        mains = {client.get(f"/{code}{path}").text.split("<main")[1] for code in ("en", "uk", "ru")}
        assert len(mains) == 3, path


@pytest.mark.parametrize(
    ("header", "expected"),
    [("uk", "uk"), ("uk-UA,uk;q=0.9,en;q=0.8", "uk"), ("ru-RU", "ru"), ("en-US,en;q=0.5", "en"), ("pl,de", "en"),
     ("pl,ru;q=0.3,uk;q=0.2", "ru"), ("", "en"), ("*", "en"), ("xx;;q=nonsense,\x7f", "en")],
)  # fmt: skip
def test_accept_language_decides_without_a_choice(client: Visitor, header: str, expected: str) -> None:
    assert language(client.get("/", headers={"Accept-Language": header})) == expected


def from_page(path: str) -> dict[str, str]:
    return {"Referer": f"http://localhost{path}"}


def test_switch_of_a_page_is_remembered_as_the_choice(client: Visitor) -> None:
    client.get("/uk/", headers=from_page("/"))
    cookie = client.get_cookie("ring_locale")
    assert (cookie.value, cookie.path, cookie.max_age) == ("uk", "/", 365 * 24 * 3600)
    assert language(client.get("/cart", headers={"Accept-Language": "ru"})) == "uk"
    assert language(client.get("/ru/cart", headers=from_page("/uk/cart?a=1"))) == "ru"
    assert language(client.get("/cart")) == "ru"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Referer": "https://elsewhere.example/"}, from_page("/ru/"), from_page("/ru/products/tea?x=1")],
)
def test_language_of_an_address_is_for_that_page(app, owner: User, headers: dict[str, str]) -> None:
    User.update(locale="uk").where(User.id == owner.id).execute()
    browser = visitor(app, owner)
    for path in ("/ru/", "/ru/orders"):
        assert language(browser.get(path, headers=headers)) == "ru"
    browser.submit("/ru/notifications/read", headers=headers)
    assert browser.get_cookie("ring_locale") is None
    assert language(browser.get("/orders")) == "uk"
    assert User.get_by_id(owner.id).locale == "uk"


def test_owner_chooses_the_language_of_the_account(as_owner: Visitor, owner: User) -> None:
    answer = as_owner.submit("/en/account/security/language", {"language": "ru"})
    assert (answer.status_code, answer.location) == (303, "/ru/account/security")
    assert User.get_by_id(owner.id).locale == "ru"
    page = as_owner.get(answer.location, headers=from_page("/en/account/security"))
    assert "Язык сохранён." in text_of(page)
    assert '<option value="ru" selected' in page.text
    assert language(as_owner.get("/orders")) == "ru"


@pytest.mark.parametrize("chosen", ["", "RU", "de", "uk\u200b"])
def test_unknown_language_of_an_account_is_refused(as_owner: Visitor, owner: User, chosen: str) -> None:
    answer = as_owner.submit("/account/security/language", {"language": chosen})
    assert answer.status_code == 400
    assert User.get_by_id(owner.id).locale == "en"


def test_invalid_language_cookie_is_ignored(client: Visitor) -> None:
    for value in ("xx", "", "EN", "../../etc", "uk\x00"):
        client.set_cookie("ring_locale", value)
        assert language(client.get("/")) == "en"


def test_cookie_takes_precedence_over_the_account_language(app, owner: User) -> None:
    User.update(locale="ru").where(User.id == owner.id).execute()
    browser = visitor(app, owner)
    assert language(browser.get("/", headers={"Accept-Language": "uk"})) == "ru"
    browser.set_cookie("ring_locale", "uk")
    assert language(browser.get("/")) == "uk"


def test_language_switch_links_to_the_same_page(client: Visitor) -> None:
    page = client.get("/uk/register?next=%2Frefcodes&x=1").text
    for code in ("en", "uk", "ru"):
        assert f'href="/{code}/register?next=%2Frefcodes&amp;x=1" lang="{code}"' in page


def test_language_switch_translates_the_page_to_go_on_to(client: Visitor) -> None:
    page = client.get("/uk/login?next=%2Fuk%2Frefcodes%3Fcursor%3Dx&x=1").text
    for code in ("en", "ru"):
        assert f'href="/{code}/login?next=%2F{code}%2Frefcodes%3Fcursor%3Dx&amp;x=1" lang="{code}"' in page


@pytest.mark.parametrize("path", ["/uk", "/xx/", "/ukraine", "/uk/uk/", "/u/", "/uk-/", "/english/"])
def test_unknown_prefix_is_not_found(client: Visitor, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == (200 if path == "/uk" else 404)


def test_vary_header_names_the_deciding_headers(client: Visitor) -> None:
    vary = {name.lower() for name in client.get("/").vary}
    assert {"accept-language", "cookie", "hx-request"} <= vary


def test_numbers_are_formatted_by_language(client: Visitor) -> None:
    make_product(price_minor=123_456_789)
    assert "1,234,567.89" in client.get("/en/").text
    for code in ("uk", "ru"):
        assert "1\xa0234\xa0567,89" in client.get(f"/{code}/").text


@pytest.mark.parametrize(
    ("zone", "cities"),
    [
        ("Europe/Kyiv", ("Kyiv", "Київ", "Киев")),
        ("Europe/Warsaw", ("Warsaw", "Варшава", "Варшава")),
        ("UTC", ("UTC", "UTC", "UTC")),
    ],
)
def test_time_zone_city_is_translated(
    make_app: MakeApp, owner: User, zone: str, cities: tuple[str, ...]
) -> None:
    give_credit(owner, 100)
    browser = visitor(make_app(business_timezone=zone), owner)
    for locale, city in zip(("en", "uk", "ru"), cities, strict=True):
        assert f"({city})" in text_of(browser.get(f"/{locale}/account/credit"))
