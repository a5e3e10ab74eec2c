"""The page of settings: saving, the environment, the logo, languages, the mail server, other processes."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from models import EventLog, SettingsVersion, User
from portal.stored_settings import SettingsFollower
from tests.factories import make_admin
from tests.support.smtp import smtp_server
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.account.test_second_factor_page import PRODUCTION, browse
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PAGE = "/admin/settings"
FORM: dict[str, Any] = {
    "brand_name": "Бджола",
    "brand_color": "#0b6e5a",
    "brand_accent_color": "#aa2200",
    "brand_token_symbol": "MED",
    "offered_languages": ["en", "uk"],
    "order_expires_hours": "24",
}


def form(browser: Visitor, **changed: Any) -> dict[str, Any]:
    """Return the form of the page with its version, filled in."""
    version = re.findall(r'name="version" value="(\d+)"', browser.get(PAGE).text)[0]
    return {"version": version, **FORM, **changed}


def picture(**options: Any) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new("RGBA", (500, 300), (200, 30, 30, 128)).save(buffer, "PNG", **options)
    return {"logo": (io.BytesIO(buffer.getvalue()), "logo.png")}


def test_saved_settings_are_in_force_at_once(as_admin: Visitor, as_owner: Visitor) -> None:
    assert as_admin.submit(PAGE, form(as_admin)).status_code == 303
    page = as_owner.get("/refcodes").text
    assert '<span class="brand-name">Бджола</span>' in page
    assert "MED" in page
    stylesheet = re.findall(r'href="(/brand.css[^"]*)"', page)[0]
    assert "0b6e5a" in stylesheet
    css = as_owner.get(stylesheet).text
    assert "--brand:#0b6e5a" in css
    assert "--accent:#aa2200" in css
    assert EventLog.get(EventLog.event == "settings_saved").data["brand_name"] == {
        "from": None,
        "to": "Бджола",
    }
    shown = as_admin.get(PAGE).text
    assert 'value="Бджола"' in shown
    assert "Version" in shown


def test_another_process_follows(make_app: MakeApp, admin: User) -> None:
    here, there = make_app(), make_app()
    browser = visitor(here, admin)
    assert browser.submit(PAGE, form(browser)).status_code == 303
    assert "Бджола" not in visitor(there).get("/").text
    follower: SettingsFollower = there.extensions["stored_settings"]
    follower.read()
    assert "Бджола" in visitor(there).get("/").text


def test_wrong_fields_are_named_and_nothing_is_saved(as_admin: Visitor) -> None:
    answer = as_admin.submit(
        PAGE,
        form(
            as_admin,
            brand_color="#777777",
            brand_accent_color="blue",
            order_expires_hours="0",
            offered_languages=[],
        ),
    )
    assert answer.status_code == 422
    for name in ("brand_color", "brand_accent_color", "order_expires_hours", "offered_languages"):
        assert f'href="#{name}"' in answer.text
        assert f'id="{name}"' in answer.text
    assert "contrast of 4.5 : 1, less than 4.5 : 1" not in text_of(answer)
    assert "contrast of 4.48 : 1" in text_of(answer)
    ukrainian = as_admin.submit(f"/uk{PAGE}", form(as_admin, brand_color="#777777"))
    assert "4,48 : 1, менше за 4,5 : 1" in text_of(ukrainian)
    assert 'value="#777777"' in answer.text
    assert SettingsVersion.select().count() == 0
    late = form(as_admin)
    assert as_admin.submit(PAGE, form(as_admin, brand_name="First")).status_code == 303
    conflict = as_admin.submit(PAGE, late)
    assert conflict.status_code == 409
    assert SettingsVersion.select().count() == 1


def test_environment_is_shown_as_fixed_without_secrets(make_app: MakeApp, admin: User) -> None:
    app = make_app(
        brand_name="From the server", brand_logo_url="https://cdn.example/logo.svg", offered_languages="uk"
    )
    browser = visitor(app, admin)
    page = browser.get(f"/en{PAGE}")
    text = text_of(page)
    for name in ("BRAND_NAME", "BRAND_LOGO_URL", "OFFERED_LANGUAGES"):
        assert f"{name} is set in the environment of the server and cannot be changed here." in text
    assert "CRON_SECRET set" in text
    assert "cron-secret-of-the-tests" not in page.text
    # A logo on another host is allowed.
    assert "https://cdn.example" in page.headers["Content-Security-Policy"]
    assert browser.submit(f"/en{PAGE}", form(browser, brand_name="Typed anyway")).status_code == 303
    assert "Typed anyway" not in browser.get("/").text
    assert "brand_name" not in SettingsVersion.get().settings


def test_logo_is_written_again_and_served_from_our_host(as_admin: Visitor, client: Visitor) -> None:
    assert as_admin.submit(f"{PAGE}/logo", picture(), content_type="multipart/form-data").status_code == 303
    url = re.findall(r'<img class="brand-logo" src="(/brand/[0-9a-f]{32}\.webp)"', client.get("/").text)[0]
    logo = client.get(url)
    assert (logo.mimetype, logo.headers["Cache-Control"]) == (
        "image/webp",
        "public, max-age=31536000, immutable",
    )
    assert Image.open(io.BytesIO(logo.data)).size == (400, 240)
    assert client.get("/brand/" + "0" * 32 + ".webp").status_code == 404
    assert as_admin.submit(PAGE, form(as_admin)).status_code == 303
    assert url in client.get("/").text, "saving the form keeps the logo"
    assert as_admin.submit(f"{PAGE}/logo/remove").status_code == 303
    assert 'class="brand-mark"' in client.get("/").text


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\nbroken"]
)
def test_wrong_logo_is_refused(as_admin: Visitor, content: bytes) -> None:
    file = (io.BytesIO(content), "logo.png" if content else "")
    answer = as_admin.submit(f"{PAGE}/logo", {"logo": file}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert 'href="#logo"' in answer.text
    assert SettingsVersion.select().count() == 0


def test_only_offered_languages_are_offered(as_admin: Visitor, client: Visitor, as_owner: Visitor) -> None:
    assert as_admin.submit(PAGE, form(as_admin, offered_languages=["uk"])).status_code == 303
    page = client.get("/", headers={"Accept-Language": "ru, en;q=0.5"}).text
    assert '<html lang="uk">' in page
    assert 'hreflang="ru"' not in page
    # A link in a letter to an account in Russian still works, and leads to what is offered.
    russian = client.get("/ru/").text
    assert '<html lang="ru">' in russian
    assert 'hreflang="uk"' in russian
    language = as_owner.submit("/uk/account/security/language", {"language": "ru"})
    assert language.status_code == 400


def test_consent_and_registration_change_without_a_restart(as_admin: Visitor, client: Visitor) -> None:
    assert 'name="password"' in client.get("/register").text
    changed = form(as_admin, registration_confirmation="1", referral_consent_required="1")
    assert as_admin.submit(PAGE, changed).status_code == 303
    assert 'name="password"' not in client.get("/register").text
    assert 'name="referral_consent_required" value="1" checked' in as_admin.get(PAGE).text


def test_settings_ask_for_a_proof(as_admin: Visitor, as_owner: Visitor, admin: User) -> None:
    values = form(as_admin)
    assert as_owner.submit(PAGE, values).status_code == 403
    enrol(admin)
    expire_confirmation()
    assert "Change the settings" in text_of(as_admin.submit(PAGE, values))
    assert SettingsVersion.select().count() == 0


def test_letter_tries_the_mail_server(make_app: MakeApp, admin: User) -> None:
    with smtp_server() as (mailbox, port):
        app = make_app(smtp_url=f"smtp+plain://127.0.0.1:{port}", mail_from="portal@example.org")
        browser = visitor(app, admin)
        answer = browser.submit(f"{PAGE}/mail", follow_redirects=True)
    assert f"The mail server accepted an e-mail to {admin.email}." in text_of(answer)
    (letter,) = mailbox.letters
    assert letter["To"] == admin.email
    refused = browser.submit(f"{PAGE}/mail")
    assert refused.status_code == 502
    assert "The mail server did not accept the e-mail" in text_of(refused)


def test_letter_without_a_server_is_refused(as_admin: Visitor) -> None:
    answer = as_admin.submit(f"{PAGE}/mail")
    assert answer.status_code == 409
    assert "No mail server is set." in text_of(answer)


def test_settings_of_a_production_portal(make_app: MakeApp) -> None:
    admin = make_admin()
    enrol(admin)
    browser = browse(make_app(**PRODUCTION), admin)
    page = browser.get(PAGE, base_url="https://localhost")
    assert page.status_code == 200
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
    values = {"csrf_token": token, "version": "0", **FORM, "registration_confirmation": "1"}
    headers = {"Referer": f"https://localhost{PAGE}"}
    refused = browser.post(PAGE, data=values, headers=headers, base_url="https://localhost")
    assert (refused.status_code, 'href="#registration_confirmation"' in refused.text) == (422, True)
    del values["registration_confirmation"]
    saved = browser.post(PAGE, data=values, headers=headers, base_url="https://localhost")
    assert saved.status_code == 303
    assert "Бджола" in browser.get("/", base_url="https://localhost").text


def test_page_needs_no_inline_style_or_script(app: Flask, as_admin: Visitor) -> None:
    page = as_admin.get(PAGE).text
    assert " style=" not in page
    assert "<script>" not in page
