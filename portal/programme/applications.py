"""Apply to join the programme as a referrer, and decide on it. See docs/rules/programme.md."""

from __future__ import annotations

from typing import Any

from peewee import fn

from models import ProgrammeApplication
from portal.db import Actor, move_status, record_event, transaction
from portal.lib.texts import clean_text
from portal.programme.errors import (
    ApplicationDecided,
    ApplicationNoteTooLong,
    ApplicationUnknown,
    OwnApplication,
    RejectionReasonMissing,
)
from portal.programme.status_rules import TRANSITIONS

NOTE_MAX = 1_000
APPLICATION_REASON_MAX = 500


def write_application(user_id: int, note: str, actor: Actor) -> int | None:
    """Store an application and return its id, None where one waits or was approved already.

    Raises ApplicationNoteTooLong or CharacterRefused.
    """
    text = clean_text(note, "note")
    if len(text) > NOTE_MAX:
        raise ApplicationNoteTooLong(field="note", at_most=NOTE_MAX)
    with transaction():
        rows = (
            ProgrammeApplication.insert(user=user_id, note=text)
            .on_conflict_ignore()
            .returning(ProgrammeApplication.id)
            .execute()
        )
        written: list[int] = [row.id for row in rows]
        if written:
            record_event(actor, "application", written[0], "application_made", data={"userId": user_id})
    return written[0] if written else None


def approve_application(application_id: int, actor: Actor) -> None:
    """Approve an application; raise ApplicationUnknown, OwnApplication or ApplicationDecided."""
    _decide(application_id, "approve", actor, None)


def reject_application(application_id: int, reason: str, actor: Actor) -> None:
    """Reject an application with a reason that the person reads.

    Raises what `approve_application` raises, RejectionReasonMissing and CharacterRefused.
    """
    text = clean_text(reason, "reason")
    if not 1 <= len(text) <= APPLICATION_REASON_MAX:
        raise RejectionReasonMissing(field="reason", at_most=APPLICATION_REASON_MAX)
    _decide(application_id, "reject", actor, text)


def get_application(application_id: int) -> ProgrammeApplication:
    """Return an application; raise ApplicationUnknown."""
    found: ProgrammeApplication | None = None
    if 0 < application_id < 2**63:
        found = ProgrammeApplication.get_or_none(ProgrammeApplication.id == application_id)
    if found is None:
        raise ApplicationUnknown
    return found


def find_newest_application(user_id: int) -> ProgrammeApplication | None:
    """Return a person's newest application, or None."""
    newest: ProgrammeApplication | None = newest_application(user_id).first()
    return newest


def newest_application(user_id: int) -> Any:
    """Return the selection of a person's newest application."""
    rows = ProgrammeApplication.select().where(ProgrammeApplication.user == user_id)
    return rows.order_by(ProgrammeApplication.id.desc()).limit(1)


def _decide(application_id: int, verb: str, actor: Actor, reason: str | None) -> None:
    application = get_application(application_id)
    if actor.user_id == application.user_id:
        raise OwnApplication
    values: dict[str, Any] = {"decided_by": actor.user_id, "decided_at": fn.now(), "decision_reason": reason}
    moved = move_status(
        ProgrammeApplication,
        application_id,
        TRANSITIONS[verb],
        entity="application",
        actor=actor,
        reason=reason,
        data={"userId": application.user_id},
        **values,
    )
    if not moved:
        raise ApplicationDecided(status=get_application(application_id).status)
