"""The append-only log of who changed what, when, from which status to which, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models import EventLog


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
    """Append one event row; call it inside the transaction of the change."""
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
