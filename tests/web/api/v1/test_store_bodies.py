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


# Bodies of required members only, in the order in which they can be sent.
_LINE = {"externalId": "7", "amount": "0.50"}
_LEAST: dict[str, Any] = {
    "/orders": {
        "externalId": "14",
        "version": 1,
        "currency": "UAH",
        "status": "open",
        "lines": [{**_LINE, "quantity": 1}],
    },
    "/refunds": {"externalId": "14", "id": "15", "amount": "0.50"},
    "/attribution": {"referralCode": "Ab3dE5gH"},
    "/customers": {"customers": [{"externalId": "c-1"}]},
    "/referrers": {"customer": {"externalId": "c-2"}},
}
_OF_REFUNDS = {"refunds": [{"id": "16", "amount": "0.50", "lines": [_LINE]}], "customer": {}}
_SCHEMAS = description()["components"]["schemas"]


def _schema_of(path: str) -> dict[str, Any]:
    content = description()["paths"][f"/api/v1{path}"]["post"]["requestBody"]["content"]
    return dict(content["application/json"]["schema"])


def _part(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a schema refers to, by itself, in a list or beside null."""
    while "properties" not in schema:
        schema = schema["anyOf"][0] if "anyOf" in schema else schema.get("items", schema)
        if "$ref" not in schema and "anyOf" not in schema and "items" not in schema:
            return {"properties": {}}
        schema = _SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return schema


def _with_nulls(schema: dict[str, Any], body: Any) -> Any:
    if isinstance(body, list):
        return [_with_nulls(schema, entry) for entry in body]
    if not isinstance(body, dict):
        return body
    members = _part(schema)["properties"]
    return {name: _with_nulls(members[name], body.get(name)) for name in members}


def test_null_counts_as_absent_in_every_optional_member(call: Call) -> None:
    assert sorted(_LEAST) == _PATHS
    for path, body in _LEAST.items():
        filled = _with_nulls(_schema_of(path), body)
        first, again = call(path, body), call(path, filled)
        assert first.status_code in (200, 201), first.get_json()
        assert again.status_code == 200, again.get_json()
        known = {"result": "unchanged", "imported": 0, "known": 1}
        same = {**first.get_json(), **{name: known[name] for name in known if name in first.get_json()}}
        for answer in (same, answered := again.get_json()):
            answer.pop("embedUrl", None)  # signed with the time
        assert answered == same
    order = _LEAST["/orders"] | _OF_REFUNDS | {"version": 2}
    filled = _with_nulls(_schema_of("/orders"), order)
    assert filled["refunds"][0].keys() > {"reason", "at"}
    assert [call("/orders", body).get_json()["result"] for body in (order, filled)] == [
        "updated",
        "unchanged",
    ]


def test_null_of_a_required_member_is_refused_with_its_field(call: Call) -> None:
    for path, body in _LEAST.items():
        for name in _part(_schema_of(path))["required"]:
            refused = call(path, {**body, name: None})
            assert (refused.status_code, list(error_of(refused)["fields"])) == (422, [name]), path
    line = {**_LINE, "quantity": None}
    refused = call("/orders", {**_LEAST["/orders"], "lines": [line, None]})
    assert error_of(refused)["fields"].keys() == {"lines[0].quantity", "lines[1]"}


def test_errors_are_in_the_language_of_the_caller(call: Call) -> None:
    sentences = {
        error_of(call("/customers", {}, Accept_Language=language))["fields"]["customers"]
        for language in ("en", "uk-UA,uk;q=0.9", "ru")
    }
    assert "This field is required." in sentences
    assert len(sentences) == 3
