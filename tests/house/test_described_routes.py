"""`/openapi.json` describes every JSON route and nothing else, in shapes and codes that exist."""

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
        for method, told in methods.items():
            yield f"{method.upper()} {path}", told


def test_every_json_route_is_described_and_nothing_else() -> None:
    assert json_routes() - described_routes() == set(), "not described"
    assert described_routes() - json_routes() == set(), "described but not there"


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert project["version"] == __version__


def test_operations_are_told_apart_and_said_in_a_sentence() -> None:
    names = [told["operationId"] for _, told in operations()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in description()["tags"]}
    for where, told in operations():
        assert set(told["tags"]) <= tags, where
        assert told["summary"].endswith("."), where


def test_every_schema_is_one_and_is_used() -> None:
    text = repr(description())
    for name, schema in description()["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert text.count(f"'#/components/schemas/{name}'") > 0, name


def test_every_error_has_its_status_and_its_sentence() -> None:
    for where, told in operations():
        for status, response in told["responses"].items():
            shape = response["content"]["application/json"]["schema"]
            if "allOf" not in shape:
                continue
            codes = shape["allOf"][1]["properties"]["error"]["properties"]["code"]["enum"]
            for code in codes:
                assert code in SENTENCES, f"{where}: {code}"
                assert status_of_code(code) == int(status), f"{where}: {code}"


def test_every_code_that_is_described_is_stated_somewhere() -> None:
    stated = {kind.code for kind in every(PortalError)} | {
        "csrf_invalid", "internal", "too_large", "rate_limited", "not_found",
    }  # fmt: skip
    for where, told in operations():
        for response in told["responses"].values():
            shape = response["content"]["application/json"]["schema"]
            for code in (
                shape.get("allOf", [{}, {}])[1]
                .get("properties", {})
                .get("error", {})
                .get("properties", {"code": {"enum": []}})["code"]["enum"]
            ):
                assert code in stated, f"{where}: {code}"


def every(kind: type[PortalError]) -> Iterator[type[PortalError]]:
    for child in kind.__subclasses__():
        yield child
        yield from every(child)


@pytest.mark.parametrize("name", ["Reward", "Product", "PurchaseForm", "MintRun"])
def test_an_answer_has_exactly_its_members(name: str) -> None:
    schema = description()["components"]["schemas"][name]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
