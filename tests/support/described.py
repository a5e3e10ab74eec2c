"""Compare JSON answers with `/openapi.json`: status, content type and every member of the body."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs
from werkzeug.test import TestResponse

from portal.payments import PaymentProvider, list_providers
from portal.settings import Settings
from portal.web.api.openapi.document import api_description
from portal.web.core.locale import LOCALES
from tests.support.apps import development_app

_NOT_OF_AN_OPERATION = (404, 405)
_JSON_PATHS = ("/api/", "/hooks/", "/healthz", "/readyz", "/openapi.json")


def description() -> dict[str, Any]:
    """Return the document; it differs between portals by its address and its payment providers only."""
    return _description(tuple(provider.name for provider in _providers()))


@cache
def _description(_names: tuple[str, ...]) -> dict[str, Any]:
    return api_description("http://localhost", "0", _providers(), "ring_session")


def _providers() -> tuple[PaymentProvider, ...]:
    return list_providers(_settings())


@cache
def _settings() -> Settings:
    return Settings(_env_file=None)


def json_routes() -> set[tuple[str, str]]:
    """Return (path as OpenAPI writes it, method) of every JSON route of the application."""
    return {
        (path, method)
        for rule in development_app().url_map.iter_rules()
        if rule.rule.startswith(_JSON_PATHS)
        for path in _concrete(_as_described(rule.rule))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def described_routes() -> set[tuple[str, str]]:
    """Return (path, method) of every operation of the document."""
    return {(path, method.upper()) for path, methods in description()["paths"].items() for method in methods}


def check_answer(answer: TestResponse) -> None:
    """Raise AssertionError if the answer of a JSON route does not match the document; pages are ignored."""
    path, method = _bare(answer.request.path), answer.request.method
    if not path.startswith(_JSON_PATHS) or method in ("HEAD", "OPTIONS") or answer.status_code == 304:
        return
    where = f"{method} {path} {answer.status_code}"
    assert answer.mimetype == "application/json", where
    template = _template_of(path, method)
    if template is None:
        assert answer.status_code in _NOT_OF_AN_OPERATION, where
        _validator("Error").validate(answer.get_json())
        return
    statuses = description()["paths"][template][method.lower()]["responses"]
    assert str(answer.status_code) in statuses, f"{where} is not described: {answer.text[:300]}"
    problems = [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in _validator_of(template, method.lower(), str(answer.status_code)).iter_errors(
            answer.get_json()
        )
    ]
    assert not problems, f"{where}: {problems}"


@cache
def _validator_of(template: str, method: str, status: str) -> jsonschema_rs.Draft202012Validator:
    response = description()["paths"][template][method]["responses"][status]
    return _compiled(response["content"]["application/json"]["schema"])


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return _compiled({"$ref": f"#/components/schemas/{name}"})


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {**schema, "components": description()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _template_of(path: str, method: str) -> str | None:
    for template, methods in description()["paths"].items():
        parameters = methods.get(method.lower(), {}).get("parameters", [])
        pattern = re.escape(template)
        for parameter in parameters:
            if parameter["in"] == "path":
                one = _one(parameter["schema"])
                pattern = pattern.replace(re.escape("{" + parameter["name"] + "}"), one)
        if method.lower() in methods and re.fullmatch(pattern, path):
            return str(template)
    return None


def _one(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return f"(?:{'|'.join(schema['enum'])})"
    return "[0-9]+" if schema.get("type") == "integer" else "[^/]{10,}"


def _concrete(path: str) -> list[str]:
    """Return a path once per payment provider if it has one in it."""
    return list(dict.fromkeys(path.replace("{provider}", provider.name) for provider in _providers()))


def _bare(path: str) -> str:
    first, _, rest = path.removeprefix("/").partition("/")
    return f"/{rest}" if first in LOCALES else path


def _as_described(rule: str) -> str:
    """Return `/api/x/{rewardId}` for `/api/x/<int:reward_id>`."""

    def camel(match: re.Match[str]) -> str:
        head, *tail = match[1].split("_")
        return "{" + head + "".join(part.title() for part in tail) + "}"

    return re.sub(r"<(?:[^<>:]+:)?([a-z_]+)>", camel, rule)
