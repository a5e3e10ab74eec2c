"""Set, retire and find the alias of a share code. See docs/rules/codes.md."""

from __future__ import annotations

from collections.abc import Iterable

from models import CodeAlias, Refcode
from portal.codes.aliases_like_codes import read_again
from portal.codes.operations import lock_code
from portal.codes.queries import find_code
from portal.codes.rules import (
    ALIAS_MAX,
    ALIAS_MIN,
    OWNER_ALIASES,
    OWNER_PERIOD,
    REUSE_AFTER,
    alias_form,
    alias_problem,
    is_alias,
    reading_of,
)
from portal.db import Actor, query, record_event, transaction
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError

FIELD = "alias"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('code_alias:' || %s, 0))"
# An alias that was given up stays blocked, for the code that had it too: printed links must not change their meaning.
_SIMILAR = """
SELECT alias FROM code_aliases
WHERE reading = %(reading)s AND (retired_at IS NULL AND code <> %(code)s OR retired_at > %(since)s)
ORDER BY alias = %(alias)s DESC LIMIT 1
"""
# A code wins over an alias in the same letters, which can exist only where a code was imported later.
_ALIASED = """
SELECT n.name, a.code FROM unnest(%s::text[], %s::text[]) AS n (name, alias) JOIN code_aliases a USING (alias)
WHERE a.retired_at IS NULL AND NOT EXISTS (SELECT 1 FROM refcodes r WHERE r.code = n.name)
"""


class AliasMalformed(PortalError):
    """The text can be no alias; params `at_least` and `at_most` are its length."""

    code = "alias_malformed"


class AliasReserved(PortalError):
    code = "alias_reserved"


class AliasTaken(PortalError):
    """Another code has the alias, or had it within the last year."""

    code = "alias_taken"


class AliasConfusable(PortalError):
    """The alias looks like another one, or like a share code."""

    code = "alias_confusable"


class TooManyAliases(PortalError):
    """The code got its `at_most` aliases within `days` days already."""

    code = "alias_too_many"


def set_alias(code: str, text: str, actor: Actor, brand: str, *, by: str = "owner") -> bool:
    """Give a code an alias, which retires its earlier one; return whether that changed anything.

    `by` is owner or admin. Raises CodeUnknown, AliasMalformed, AliasReserved, AliasTaken, AliasConfusable, and for an
    owner TooManyAliases.
    """
    alias = alias_form(text)
    _require_permitted(alias, brand)
    with transaction():
        lock_code(code)
        query(_LOCK, [reading_of(alias)])
        current = find_alias(code)
        if current == alias:
            return False
        _require_free(code, alias)
        if by == "owner":
            _require_within_limit(code)
        _retire(code)
        CodeAlias.insert(name=alias, reading=reading_of(alias), code=code).execute()
        data = {"alias": alias, "before": current, "by": by}
        record_event(actor, "refcode", code, "alias_set", data=data)
    read_again()
    return True


def retire_alias(code: str, actor: Actor, *, by: str = "owner") -> bool:
    """End the alias of a code at once; return whether it had one. Raises CodeUnknown."""
    with transaction():
        lock_code(code)
        alias = _retire(code)
        if alias:
            record_event(actor, "refcode", code, "alias_retired", data={"alias": alias, "by": by})
    return alias is not None


def find_alias(code: str) -> str | None:
    """Return the alias in use of a code, or None."""
    return find_aliases([code]).get(code)


def find_aliases(codes: Iterable[str]) -> dict[str, str]:
    """Return {code: alias} of the codes that have an alias in use."""
    in_use = CodeAlias.code.in_(list(codes)) & CodeAlias.retired_at.is_null()
    return {row.code: row.name for row in CodeAlias.select().where(in_use)}


def find_aliased_codes(texts: Iterable[str]) -> dict[str, str]:
    """Return {text: code} of the texts that are aliases in use and no codes themselves, in any letter case."""
    names = {text: alias for text in texts if is_alias(alias := alias_form(text))}
    return dict(query(_ALIASED, [list(names), list(names.values())])) if names else {}


def resolve_code(text: str) -> Refcode | None:
    """Return the code that a text names, itself or by its alias, active or not; or None."""
    row = find_code(text)
    code = None if row else find_aliased_codes([text]).get(text)
    return find_code(code) if code else row


def _require_permitted(alias: str, brand: str) -> None:
    problem = alias_problem(alias, brand)
    if problem == "alias_malformed":
        raise AliasMalformed(field=FIELD, at_least=ALIAS_MIN, at_most=ALIAS_MAX)
    if problem == "alias_reserved":
        raise AliasReserved(field=FIELD, alias=alias)


def _require_free(code: str, alias: str) -> None:
    values = {"reading": reading_of(alias), "alias": alias, "code": code, "since": utc_now() - REUSE_AFTER}
    similar = query(_SIMILAR, values)
    if similar and similar[0][0] == alias:
        raise AliasTaken(field=FIELD, alias=alias)
    if similar or query("SELECT 1 FROM refcodes WHERE upper(code) = %s LIMIT 1", [alias.replace("-", "")]):
        raise AliasConfusable(field=FIELD, alias=alias)


def _require_within_limit(code: str) -> None:
    recent = (CodeAlias.code == code) & (CodeAlias.created_at > utc_now() - OWNER_PERIOD)
    if CodeAlias.select().where(recent).count() >= OWNER_ALIASES:
        raise TooManyAliases(field=FIELD, at_most=OWNER_ALIASES, days=OWNER_PERIOD.days)


def _retire(code: str) -> str | None:
    in_use = (CodeAlias.code == code) & CodeAlias.retired_at.is_null()
    retired = CodeAlias.update(retired_at=utc_now()).where(in_use).returning(CodeAlias.name).execute()
    return next((row.name for row in retired), None)
