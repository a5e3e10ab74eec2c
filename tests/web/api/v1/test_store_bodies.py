"""Bodies of stores: hostile JSON, unknown members, and an error for each wrong field in the caller's language."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from models import Customer
from tests.support.described import description
from tests.web.api.v1.conftest import Call
from tests.web.conftest import visitor
from tests.web.visitor import error_of

_PATHS = sorted(
    path.removeprefix("/api/v1")
    for path, methods in description()["paths"].items()
    if path.startswith("/api/v1/") and "requestBody" in (post := methods.get("post", {})) and post["security"]
)
_ONE = b'{"externalId": "1"}'
_MALFORMED = {
    "nothing": b"",
    "array": b"[]",
    "text": b'"customers"',
    "truncated": b'{"customers": [',
    "two objects": b"{}{}",
    "form": b"customers=1",
    "not UTF-8": b'{"customers": "\xff"}',
    "UTF-16": '{"customers": []}'.encode("utf-16"),
    "NaN": b'{"customers": NaN}',
    "infinity": b'{"customers": [-Infinity]}',
    "number of many digits": b'{"customers": ' + b"9" * 5_000 + b"}",
    "deep arrays": b'{"customers": ' + b"[" * 100_000,
    "closed deep arrays": b'{"other": ' + b"[" * 17 + b"]" * 17 + b"}",
    "deep objects behind quotes": b'{"a\\"[": ' + b'{"a":' * 20_000,
    "name that cannot be stored": b'{"\\u0000": 1}',
}


@pytest.mark.parametrize("path", _PATHS)
def test_malformed_body_is_refused(call: Call, path: str) -> None:
    for name, raw in _MALFORMED.items():
        refused = call(path, raw=raw)
        assert (refused.status_code, error_of(refused)["code"]) == (400, "body_malformed"), name
    assert not Customer.select().where(Customer.bought_before).exists()


def test_brackets_within_text_do_not_count_as_depth(call: Call) -> None:
    raw = b'{"customers": [{"externalId": "' + b"[{" * 90 + b'\\""}]}'
    assert call("/customers", raw=raw).status_code == 200


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"customers": [' + _ONE + b'], "customers": []}', "customers"),
        (
            b'{"customers": [' + _ONE + b', {"externalId": "1", "externalId": "2"}]}',
            "customers[1].externalId",
        ),
        (b'{"customers": [' + _ONE + b'], "more": {"a": [{"b": 1, "b": 1}]}}', "more.a[0].b"),
    ],
)
def test_duplicate_member_is_named(call: Call, raw: bytes, field: str) -> None:
    refused = call("/customers", raw=raw)
    assert (refused.status_code, error_of(refused)["code"]) == (422, "duplicate_member")
    assert error_of(refused)["fields"].keys() == {field}


def test_text_that_cannot_be_stored_is_named(call: Call) -> None:
    for text in ("a\x00", "\ud800"):
        refused = call("/customers", {"customers": [{"externalId": text}]})
        assert (refused.status_code, error_of(refused)["fields"]) == (
            422,
            {"customers[0].externalId": "This field must be text."},
        )


def test_body_over_the_size_limit_is_refused(call: Call) -> None:
    refused = call("/customers", {"customers": [{"externalId": "1", "note": "x" * 262_144}]})
    assert (refused.status_code, error_of(refused)["code"]) == (413, "too_large")


@pytest.mark.parametrize(("length", "status"), [(1_000, 200), (3_000_000, 413)])
def test_chunked_body_is_read_whole_or_refused(app: Flask, key: str, length: int, status: int) -> None:
    """A server passes a chunked body on without a length, and its beginning alone would be a valid one here."""
    body = b'{"customers": [{"externalId": "1"}]}'.ljust(length)
    chunked = {
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    headers = {"Authorization": f"Bearer {key}"}
    answer = visitor(app).post("/api/v1/customers", headers=headers, environ_overrides=chunked)
    assert answer.status_code == status
    assert Customer.select().count() == (status == 200)


def test_unknown_members_are_dropped_and_named(call: Call) -> None:
    body: dict[str, Any] = {
        "customers": [
            {"externalId": "1", "phone": "+1"},
            {"externalId": "2", "phone": "+2", "external_id": "3"},
        ],
        "shop": {"name": "S"},
    }
    answer = call("/customers", body).get_json()
    assert answer["imported"] == 2
    assert answer["ignoredFields"] == ["customers[].phone", "customers[].external_id", "shop"]
    assert call("/customers", {"customers": [{"external_id": "3"}]}).status_code == 422
    assert "ignoredFields" not in call("/customers", {"customers": [{"externalId": "1"}]}).get_json()


def test_errors_are_in_the_language_of_the_caller(call: Call) -> None:
    sentences = {
        error_of(call("/customers", {}, Accept_Language=language))["fields"]["customers"]
        for language in ("en", "uk-UA,uk;q=0.9", "ru")
    }
    assert "This field is required." in sentences
    assert len(sentences) == 3
