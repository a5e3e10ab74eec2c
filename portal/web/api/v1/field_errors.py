"""Pydantic's findings as errors of the portal: one per field, each with what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from pydantic import ValidationError

from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import InvalidAmount
from portal.stores import AmountNotString
from portal.web.api.v1.strict_json import path_text

_FIELDS_SHOWN = 50


class MemberInvalid(PortalError):
    """A member of a body is not what it should be; `kind` says what that is."""

    code = "member_invalid"


class TooManyItems(PortalError):
    """A list of a body is too long; param at_most."""

    code = "too_many_items"


class BodyInvalid(InputInvalid):
    """Members of a body are invalid. The code is `amount_not_string` where an amount is a JSON number."""

    def __init__(self, fields: dict[str, PortalError]) -> None:
        super().__init__(fields)
        if any(isinstance(error, AmountNotString) for error in fields.values()):
            self.code = AmountNotString.code


class _Kind(NamedTuple):
    """What a member should be, and which of pydantic's values its sentence needs."""

    name: str
    params: Mapping[str, str] = {}


_KINDS = {
    "missing": _Kind("missing"),
    "string_type": _Kind("text"),
    "string_too_long": _Kind("long", {"at_most": "max_length"}),
    "string_too_short": _Kind("empty"),
    "int_type": _Kind("whole"),
    "int_parsing_size": _Kind("whole"),
    "greater_than_equal": _Kind("at_least", {"at_least": "ge"}),
    "less_than_equal": _Kind("at_most", {"at_most": "le"}),
    "literal_error": _Kind("choice", {"allowed": "expected"}),
    "tuple_type": _Kind("list"),
    "model_type": _Kind("object"),
    "datetime_type": _Kind("time"),
    "datetime_parsing": _Kind("time"),
    "datetime_from_date_parsing": _Kind("time"),
    "datetime_object_invalid": _Kind("time"),
    "timezone_aware": _Kind("time"),
    "string_pattern_mismatch": _Kind("hash"),
}
_OTHER = _Kind("other")
_OWN: dict[str, Callable[..., PortalError]] = {
    "amount_not_string": AmountNotString,
    "amount_invalid": partial(InvalidAmount, is_sent=True),
}


def refusal_of(error: ValidationError) -> PortalError:
    """Return the error that answers an invalid body: TooManyItems if a list is too long, else BodyInvalid."""
    fields: dict[str, PortalError] = {}
    for problem in error.errors(include_url=False, include_input=False):
        field = path_text(problem["loc"])
        if problem["type"] == "too_long":
            return TooManyItems(field=field, at_most=problem["ctx"]["max_length"])
        fields.setdefault(field, _error_of(problem["type"], problem.get("ctx", {}), field))
    return BodyInvalid(dict(list(fields.items())[:_FIELDS_SHOWN]))


def _error_of(problem: str, context: Mapping[str, Any], field: str) -> PortalError:
    if problem == "value_error":
        code = str(context["error"])
        return _OWN[code](field=field) if code in _OWN else MemberInvalid(field=field, kind=code)
    if problem.startswith("string_too_") and field.endswith("currency"):
        return MemberInvalid(field=field, kind="currency")
    kind = _KINDS.get(problem, _OTHER)
    values = {ours: context[theirs] for ours, theirs in kind.params.items()}
    return MemberInvalid(field=field, kind=kind.name, **values)
