"""`/openapi.json` describes exactly the JSON routes, with valid schemas and existing error codes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from portal import __version__
from portal.lib.errors import PortalError
from portal.web.core.errors import status_of_code
from portal.web.text.messages import ERRORS as SENTENCES
from tests.support.described import described_routes, description, json_routes


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_json_route_is_described_and_nothing_else() -> None:
    assert json_routes() - described_routes() == set(), "not described"
    assert described_routes() - json_routes() == set(), "described but not routed"


def test_version_is_the_package_version() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["version"] == __version__


def test_operations_have_unique_ids_known_tags_and_summaries() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in description()["tags"]}
    for route, operation in operations():
        assert set(operation["tags"]) <= tags, route
        assert operation["summary"].endswith("."), route


def test_every_schema_is_valid_and_used() -> None:
    text = repr(description())
    for name, schema in description()["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert text.count(f"'#/components/schemas/{name}'") > 0, name


def test_every_error_code_has_a_message_and_the_declared_status() -> None:
    for route, operation in operations():
        for status, response in operation["responses"].items():
            schema = response["content"]["application/json"]["schema"]
            if "allOf" not in schema:
                continue
            codes = schema["allOf"][1]["properties"]["error"]["properties"]["code"]["enum"]
            for code in codes:
                assert code in SENTENCES, f"{route}: {code}"
                assert status_of_code(code) == int(status), f"{route}: {code}"


def test_every_described_code_can_be_raised() -> None:
    raised_codes = {kind.code for kind in subclasses(PortalError)} | {
        "csrf_invalid", "internal", "too_large", "rate_limited", "not_found",
    }  # fmt: skip
    for route, operation in operations():
        for response in operation["responses"].values():
            schema = response["content"]["application/json"]["schema"]
            for code in (
                schema.get("allOf", [{}, {}])[1]
                .get("properties", {})
                .get("error", {})
                .get("properties", {"code": {"enum": []}})["code"]["enum"]
            ):
                assert code in raised_codes, f"{route}: {code}"


def subclasses(kind: type[PortalError]) -> Iterator[type[PortalError]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


@pytest.mark.parametrize("name", ["Reward", "Product", "PurchaseForm", "MintRun"])
def test_response_schemas_are_closed_and_require_all_properties(name: str) -> None:
    schema = description()["components"]["schemas"][name]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
