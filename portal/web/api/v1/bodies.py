"""Read a request body as a pydantic model, with an error for each wrong field and the names that were ignored.

An optional member that is null counts as absent: many serializers write what an order lacks as null.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from portal.web.api.v1.field_errors import refusal_of
from portal.web.api.v1.strict_json import parse_strictly

Model = TypeVar("Model", bound=BaseModel)

_IGNORED_SHOWN = 50
_NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Received(Generic[Model]):
    """A valid body, and the paths of members that the portal does not know, such as `lines[].weight`."""

    content: Model
    ignored_fields: tuple[str, ...]


def read_body(model: type[Model]) -> Received[Model]:
    """Return the body of the request; raise BodyMalformed, DuplicateMember, TooManyItems or BodyInvalid."""
    body = parse_strictly(request.get_data(cache=True, parse_form_data=False))
    try:
        # As JSON, because lists and times are strings and arrays there. Names in snake_case are no part of the API.
        content = model.model_validate_json(
            json.dumps(_without_nulls(model, body)), by_alias=True, by_name=False
        )
    except ValidationError as error:
        raise refusal_of(error) from None
    ignored = dict.fromkeys(_ignored("", model, body))
    return Received(content, tuple(ignored)[:_IGNORED_SHOWN])


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _without_nulls(model: type[BaseModel], members: dict[str, Any]) -> dict[str, Any]:
    """Return the known members, without the optional ones that are null."""
    return {
        name: _without_nulls_within(_model_in(field.annotation), members[name])
        for name, field in _fields(model).items()
        if name in members and (field.is_required() or members[name] is not None)
    }


def _without_nulls_within(model: type[BaseModel] | None, value: Any) -> Any:
    if model is None:
        return value
    if isinstance(value, list):
        return [_without_nulls_within(model, entry) for entry in value]
    return _without_nulls(model, value) if isinstance(value, dict) else value


def _ignored(prefix: str, model: type[BaseModel], members: dict[str, Any]) -> Iterator[str]:
    fields = _fields(model)
    for name, value in members.items():
        path = f"{prefix}{name[:_NAME_SHOWN]}"
        if name not in fields:
            yield path
        elif (inner := _model_in(fields[name].annotation)) is not None:
            yield from _ignored_within(path, inner, value)


def _ignored_within(path: str, model: type[BaseModel], value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _ignored(f"{path}.", model, value)
    elif isinstance(value, list):
        for entry in value:
            yield from _ignored(f"{path}[].", model, entry)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, by itself, in a tuple or beside None."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    return next(filter(None, map(_model_in, typing.get_args(annotation))), None)
