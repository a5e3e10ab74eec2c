"""What the event log shows: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.web.core.urls import url_for
from portal.web.text.event_details import change_text, detail_text
from portal.web.text.event_reasons import reason_text
from portal.web.text.events import actor_words, entity_words, event_words
from portal.web.text.format import When, when

if TYPE_CHECKING:
    from models import EventLog

# Entities with a page: endpoint and the parameter that takes the id.
_PAGES = {
    "user": ("admin.people.person", "user_id"),
    "vendor": ("admin.vendors.vendor", "vendor_id"),
    "refcode": ("admin.referrers.code", "code"),
    "payout_batch": ("admin.commissions.payout_batch", "batch_id"),
    "mint_job": ("admin.rewards.mint_job", "job_id"),
}


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event: who did what to which thing; `subject_url` is set where there is a page."""

    id: int
    at: When
    actor: str
    actor_url: str
    what: str
    entity: str
    subject: str
    subject_url: str | None
    reference: str
    change: str
    reason: str
    is_reason_typed: bool
    detail: str


def event_rows(events: Iterable[EventLog], names: Mapping[tuple[str, str], str]) -> list[EventRow]:
    """Return events as the page shows them; `names` maps (entity, id) to names."""
    return [_row(event, names) for event in events]


def _row(event: EventLog, names: Mapping[tuple[str, str], str]) -> EventRow:
    reason = reason_text(event.entity, event.event, event.reason, event.data.get("number"))
    return EventRow(
        id=event.id,
        at=when(event.at),
        actor=_actor(event, names),
        actor_url=_actor_page(event, names),
        what=event_words(event.event),
        entity=entity_words(event.entity),
        subject=names.get((event.entity, event.entity_id), event.entity_id),
        subject_url=_page(event, names),
        reference=event.order_reference or "",
        change=change_text(event.entity, event.from_status, event.to_status),
        reason=reason,
        is_reason_typed=reason == event.reason,
        detail=detail_text(event.data, names),
    )


def _actor(event: EventLog, names: Mapping[tuple[str, str], str]) -> str:
    kind, _colon, number = event.actor.partition(":")
    person = names.get(("user", str(event.actor_user_id)))
    return person or names.get((kind, number)) or actor_words(event.actor)


def _actor_page(event: EventLog, names: Mapping[tuple[str, str], str]) -> str:
    """Return the page of a person; of any other author, their events."""
    if ("user", str(event.actor_user_id)) in names:
        return url_for("admin.people.person", user_id=event.actor_user_id)
    return url_for("admin.events.list", actor=event.actor)


def _page(event: EventLog, names: Mapping[tuple[str, str], str]) -> str | None:
    endpoint, parameter = _PAGES.get(event.entity, (None, ""))
    is_number = event.entity_id.isdecimal()
    if endpoint is None or (parameter.endswith("_id") and not is_number):
        return None
    if event.entity in ("user", "vendor") and (event.entity, event.entity_id) not in names:
        return None
    values: dict[str, Any] = {
        parameter: int(event.entity_id) if parameter.endswith("_id") else event.entity_id
    }
    return url_for(endpoint, **values)
