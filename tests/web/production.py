"""Browsers of a portal with production settings: HTTPS, and a session cookie with the __Host- prefix."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.test import TestResponse

from models import User
from portal.accounts import Device, start_session
from tests.web.visitor import Visitor

PRODUCTION = {
    "portal_env": "production",
    "secret_key": "secret key of the tests".ljust(40, "!"),
    "app_url": "https://localhost",
    "wayforpay_merchant_account": "shop",
    "wayforpay_secret_key": "a real secret",
}


def browse(app: Flask, user: User, **session: object) -> Visitor:
    """Return a browser that is signed in over HTTPS; `session` is what its cookie has besides."""
    browser = app.test_client()
    browser.environ_base.update({"wsgi.url_scheme": "https", "HTTP_REFERER": "https://localhost/"})
    assert isinstance(browser, Visitor)
    serializer = app.session_interface.get_signing_serializer(app)
    assert serializer
    browser.set_cookie(
        "__Host-ring_session",
        serializer.dumps({"_user_id": start_session(user.id, Device()), "_fresh": True, **session}),
        secure=True,
        path="/",
    )
    return browser


def submit(browser: Visitor, page: str, path: str, **values: str) -> TestResponse:
    """Post a form over HTTPS with the token of a page."""
    html = browser.get(page, base_url="https://localhost").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', html)[0]
    headers = {"Referer": f"https://localhost{page}"}
    return browser.post(
        path, data={"csrf_token": token, **values}, headers=headers, base_url="https://localhost"
    )
