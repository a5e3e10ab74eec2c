"""A test client that sends the CSRF token as the portal's pages do."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from models import User
from portal.accounts import Device, start_session
from tests.support.described import check_answer


class Visitor(FlaskClient):
    """A browser with at most one signed-in user. Every JSON response is checked against `/openapi.json`."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        # Read and closed at once: a file that is sent belongs to the answer until then.
        answer = super().open(*args, **{"buffered": True, **options})
        check_answer(answer)
        return answer

    def sign_in_as(self, user: User) -> Visitor:
        """Start a session for the user without the form; `test_login` covers the form."""
        with self.session_transaction() as session:
            session.clear()
            session["_user_id"] = start_session(user.id, Device())
            session["_fresh"] = True
        return self

    def token(self) -> str:
        """Return the token that pages give to their forms and scripts; reading one would double the requests."""
        with self.session_transaction() as session:
            value = session.setdefault("csrf_token", secrets.token_hex(20))
        return str(URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token").dumps(value))

    def submit(self, url: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Post a form with its token."""
        return self.post(url, data={"csrf_token": self.token(), **(data or {})}, **options)

    def send(self, url: str, body: object = None, *, method: str = "POST", **options: Any) -> TestResponse:
        """Send JSON with the token in its header."""
        headers = {"X-CSRFToken": self.token(), **options.pop("headers", {})}
        return self.open(url, method=method, json={} if body is None else body, headers=headers, **options)

    def reviewed(self, prefix: str = "") -> dict[str, str]:
        """Return the review and the key in the form of the checkout page, {} if it offers no order."""
        page = self.get(f"{prefix}/checkout").text
        return dict(re.findall(r'name="(review|checkoutKey)" value="([^"]+)"', page))

    def check_out(self, method: str, *, key: str = "key", prefix: str = "", **options: Any) -> TestResponse:
        """Confirm the order that the checkout page shows."""
        form = {**self.reviewed(prefix), "method": method, "checkoutKey": key}
        return self.submit(f"{prefix}/checkout", form, **options)

    def swap(self, url: str, data: dict[str, Any] | None = None) -> TestResponse:
        """Post a form as htmx does."""
        return self.submit(url, data, headers={"HX-Request": "true"})

    def fragment(self, url: str) -> TestResponse:
        """Read a page as htmx does."""
        return self.get(url, headers={"HX-Request": "true"})

    def fill_cart(self, *lines: tuple[int, int]) -> None:
        """Put (product id, quantity) lines into the cart without the pages."""
        with self.session_transaction() as session:
            session["cart"] = {str(product_id): quantity for product_id, quantity in lines}

    def cart(self) -> dict[str, int]:
        with self.session_transaction() as session:
            return dict(session.get("cart", {}))

    def cookie_headers(self, response: TestResponse, name: str) -> list[str]:
        """Return the Set-Cookie headers of one cookie."""
        return [text for text in response.headers.getlist("Set-Cookie") if text.startswith(f"{name}=")]


def error_of(response: TestResponse) -> dict[str, Any]:
    """Return the error of a JSON response that contains only the error."""
    body = response.get_json()
    assert set(body) == {"error"}, body
    assert {"code", "message"} <= set(body["error"]), body
    assert body["error"]["message"], body
    return dict(body["error"])
