"""The append-only log of who changed what, when, from which status to which, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from models import EventLog
from portal.logs import get_logger

log = get_logger(__name__)

# Changes of accounts, and of keys and secrets, are log lines too: {entity: whether their data is logged}. The
# address of a webhook endpoint may contain a token.
_LOGGED = {"user": True, "unknown_account": True, "store": True, "webhook_endpoint": False}
# Texts that people typed may be about a person, and a log cannot be erased.
_CODE = re.compile(r"[a-z0-9_.]+")


@dataclass(frozen=True)
class Actor:
    """The author of a change: a user (`user_id` is set), a job, a command or a payment provider."""

    label: str
    user_id: int | None = None

    @classmethod
    def user(cls, user_id: int) -> Actor:
        return cls(f"user:{user_id}", user_id)

    @classmethod
    def job(cls, name: str) -> Actor:
        return cls(f"job:{name}")

    @classmethod
    def provider(cls, name: str) -> Actor:
        return cls(f"provider:{name}")


SYSTEM = Actor("system")


def record_event(
    actor: Actor,
    entity: str,
    entity_id: object,
    event: str,
    *,
    from_status: str | None = None,
    to_status: str | None = None,
    reason: str | None = None,
    order_reference: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Append one event row; call it inside the transaction of the change.

    Events of accounts and of keys are log lines too, without typed texts. A line whose transaction fails is followed by
    that failure.
    """
    EventLog.insert(
        actor=actor.label,
        actor_user_id=actor.user_id,
        entity=entity,
        entity_id=str(entity_id),
        event=event,
        from_status=from_status,
        to_status=to_status,
        reason=reason,
        order_reference=order_reference,
        data=data or {},
    ).execute()
    if entity in _LOGGED:
        log.info(
            event,
            entity=entity,
            id=str(entity_id),
            actor=actor.label,
            reason=reason if reason and _CODE.fullmatch(reason) else None,
            data=data or {} if _LOGGED[entity] else {},
        )
