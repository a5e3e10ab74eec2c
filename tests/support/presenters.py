"""Watch what templates receive: frozen presenters and plain values, never rows of the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from flask import Flask, before_render_template
from jinja2 import Template
from peewee import Model


class RowInTemplate(AssertionError):
    """A template received a database row."""


def watch_templates(app: Flask) -> None:
    """Fail every request of an application whose template receives a row; raise RowInTemplate there."""
    before_render_template.connect(_check, app, weak=False)


def find_rows(value: Any, path: str = "context") -> Iterator[str]:
    """Yield the path of every row inside a value: in lists, tuples, sets, mappings and dataclass fields."""
    yield from _walk(value, path, set())


def _check(_app: Flask, template: Template, context: Mapping[str, Any], **_extra: Any) -> None:
    paths = list(find_rows(dict(context)))
    if paths:
        raise RowInTemplate(f"{template.name} receives rows: {', '.join(paths)}")


def _walk(value: Any, path: str, seen: set[int]) -> Iterator[str]:
    if isinstance(value, str | bytes | int | float | None) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Model):
        yield f"{path} ({type(value).__name__})"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}", seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for number, item in enumerate(value):
            yield from _walk(item, f"{path}[{number}]", seen)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _walk(getattr(value, field.name), f"{path}.{field.name}", seen)
