"""Change the programme: versions of its rules. History stays as it was. See docs/rules/programme.md."""

from __future__ import annotations

from datetime import datetime

from models import ProgrammeVersion
from portal.db import Actor, database_now, query, record_event, transaction
from portal.lib.shown import ChangedMeanwhile
from portal.programme.errors import (
    EndsTooEarly,
    StartsInPast,
    VersionsOverlap,
    VersionStarted,
    VersionUnknown,
)
from portal.programme.queries import find_version_at, version_id_at
from portal.programme.version_rules import ProgrammeRules, rules_as_json


def save_version(
    rules: ProgrammeRules,
    starts_at: datetime | None,
    ends_at: datetime | None,
    actor: Actor,
    *,
    shown_id: int | None = None,
) -> ProgrammeVersion:
    """Put rules into force from a time on, now if it is None; the version before ends then.

    With an end, the version before applies again afterwards, as a new one. `shown_id` is the version that the author
    started from. Raise StartsInPast, EndsTooEarly, VersionsOverlap, or ChangedMeanwhile where another is in force now.
    """
    with transaction():
        _lock_versions()
        now = database_now()
        if shown_id is not None and shown_id != version_id_at(now):
            raise ChangedMeanwhile
        start = starts_at or now
        if start < now:
            raise StartsInPast(field="starts_at")
        if ends_at is not None and ends_at <= start:
            raise EndsTooEarly(field="ends_at")
        planned = _next_version(start)
        _require_free(start, ends_at, planned)
        before = find_version_at(start)
        free_until: datetime | None = before.ends_at if before else planned.starts_at if planned else None
        if before is not None:
            ProgrammeVersion.update(ends_at=start).where(ProgrammeVersion.id == before.id).execute()
        version = _insert(
            rules_as_json(rules), start, ends_at or free_until, actor, "programme_version_saved"
        )
        if before is not None and ends_at is not None and ends_at != free_until:
            _insert(before.rules, ends_at, free_until, actor, "programme_version_resumed", before.created_by)
    return version


def withdraw_version(version_id: int, actor: Actor) -> None:
    """Delete a version that has not started; the one before it goes on. Raise VersionUnknown or VersionStarted."""
    with transaction():
        _lock_versions()
        version = ProgrammeVersion.get_or_none(ProgrammeVersion.id == version_id)
        if version is None:
            raise VersionUnknown
        if version.starts_at <= database_now():
            raise VersionStarted
        ProgrammeVersion.delete().where(ProgrammeVersion.id == version_id).execute()
        ProgrammeVersion.update(ends_at=version.ends_at).where(
            ProgrammeVersion.ends_at == version.starts_at
        ).execute()
        data = {"rules": version.rules, "startsAt": version.starts_at.isoformat()}
        record_event(actor, "programme", version_id, "programme_version_withdrawn", data=data)


def _lock_versions() -> None:
    query("SELECT pg_advisory_xact_lock(hashtextextended('programme_versions', 0))")


def _next_version(start: datetime) -> ProgrammeVersion | None:
    """Return the first version that starts at a time or later."""
    later = ProgrammeVersion.select().where(ProgrammeVersion.starts_at >= start)
    version: ProgrammeVersion | None = later.order_by(ProgrammeVersion.starts_at).first()
    return version


def _require_free(start: datetime, ends_at: datetime | None, planned: ProgrammeVersion | None) -> None:
    if planned is None:
        return
    if planned.starts_at == start:
        raise VersionsOverlap(field="starts_at", starts_at=planned.starts_at)
    if ends_at is not None and ends_at > planned.starts_at:
        raise VersionsOverlap(field="ends_at", starts_at=planned.starts_at)


def _insert(
    rules: dict[str, object],
    starts_at: datetime,
    ends_at: datetime | None,
    actor: Actor,
    event: str,
    created_by: int | None = None,
) -> ProgrammeVersion:
    author = created_by if event == "programme_version_resumed" else actor.user_id
    version: ProgrammeVersion = ProgrammeVersion.create(
        starts_at=starts_at, ends_at=ends_at, rules=rules, created_by=author
    )
    data = {
        "rules": rules,
        "startsAt": starts_at.isoformat(),
        "endsAt": ends_at.isoformat() if ends_at else None,
    }
    record_event(actor, "programme", version.id, event, data=data)
    return version
