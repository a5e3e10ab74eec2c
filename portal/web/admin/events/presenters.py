"""What the event log shows: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.lib.values import dataclass
from portal.web.text.event_details import change_text, detail_text
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
    """An event: who did what to which thing; `actor_id` is set for a person, `subject_url` where there is a page."""

    id: int
    at: When
    actor: str
    actor_id: int | None
    what: str
    entity: str
    subject: str
    subject_url: str | None
    reference: str
    change: str
    reason: str
    detail: str


def event_rows(events: Iterable[EventLog], names: Mapping[tuple[str, str], str]) -> list[EventRow]:
    """Return events as the page shows them; `names` maps (entity, id) to names."""
    return [_row(event, names) for event in events]


def _row(event: EventLog, names: Mapping[tuple[str, str], str]) -> EventRow:
    person = names.get(("user", str(event.actor_user_id)), "")
    return EventRow(
        id=event.id,
        at=when(event.at),
        actor=person or actor_words(event.actor),
        actor_id=event.actor_user_id if person else None,
        what=event_words(event.event),
        entity=entity_words(event.entity),
        subject=names.get((event.entity, event.entity_id), event.entity_id),
        subject_url=_page(event, names),
        reference=event.order_reference or "",
        change=change_text(event.entity, event.from_status, event.to_status),
        reason=event.reason or "",
        detail=detail_text(event.data),
    )


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
