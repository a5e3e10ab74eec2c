"""Open and close alerts about the portal itself. docs/operations.md has the kinds.

An alert closes when its cause has been gone for some minutes, and one that opens again soon after a letter is not
written about at once: a cause that comes and goes makes two letters in six hours.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from models import OperatorAlert
from portal.db import Actor, query, record_event, transaction

CALM, LETTER_PAUSE = timedelta(minutes=15), timedelta(hours=6)
ALERTS_SHOWN = 50

_FOUND = (
    "jsonb_to_recordset(%(found)s::jsonb) AS f (kind text, subject text, is_critical boolean, number bigint)"
)
_OPEN = f"""
INSERT INTO operator_alerts AS a (kind, subject, is_critical, number)
SELECT kind, subject, is_critical, number FROM {_FOUND} ORDER BY kind, subject
ON CONFLICT (kind, subject) DO UPDATE SET opened_at = now(), closed_at = NULL, quiet_since = NULL,
    is_critical = excluded.is_critical, number = excluded.number, times = a.times + 1
WHERE a.closed_at IS NOT NULL
RETURNING id
"""  # noqa: S608 - a constant
_CONTINUE = f"""
UPDATE operator_alerts AS a SET quiet_since = NULL, number = f.number, is_critical = f.is_critical
FROM {_FOUND} WHERE a.kind = f.kind AND a.subject = f.subject AND a.closed_at IS NULL
"""  # noqa: S608 - a constant
_QUIET = f"""
UPDATE operator_alerts AS a SET quiet_since = coalesce(quiet_since, now())
WHERE closed_at IS NULL AND kind = ANY(%(kinds)s)
    AND NOT EXISTS (SELECT FROM {_FOUND} WHERE f.kind = a.kind AND f.subject = a.subject)
"""  # noqa: S608 - a constant
_CLOSE = """
UPDATE operator_alerts SET closed_at = now()
WHERE closed_at IS NULL AND kind = ANY(%(kinds)s) AND quiet_since <= now() - %(calm)s
RETURNING id
"""
_REPORT_OPENED = """
UPDATE operator_alerts SET reported_at = now(), owes_report = true
WHERE closed_at IS NULL AND kind = ANY(%(kinds)s) AND is_critical AND NOT owes_report AND quiet_since IS NULL
    AND (reported_at IS NULL OR reported_at <= now() - %(pause)s)
RETURNING id
"""
_REPORT_CLOSED = """
UPDATE operator_alerts SET owes_report = false WHERE id = ANY(%(ids)s) AND owes_report RETURNING id
"""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong now. `subject` tells alerts of a kind apart; `number` is part of the sentence."""

    kind: str
    subject: str = ""
    is_critical: bool = False
    number: int = 0


@dataclass(frozen=True)
class Reports:
    """The alerts that admins are to be written to about at once: those that opened, and those that are over."""

    opened: list[OperatorAlert]
    over: list[OperatorAlert]


def observe(kinds: Collection[str], findings: Sequence[Finding], actor: Actor) -> Reports:
    """Open and close the alerts of these kinds by what was found, and return what is to be reported.

    Call it in a transaction with the letters, from one process at a time; each change is an event.
    """
    values = {
        "found": json.dumps([asdict(finding) for finding in findings]),
        "kinds": list(kinds),
        "calm": CALM,
        "pause": LETTER_PAUSE,
    }
    with transaction():
        opened = [row[0] for row in query(_OPEN, values)]
        query(_CONTINUE, values)
        query(_QUIET, values)
        closed = [row[0] for row in query(_CLOSE, values)]
        for event, alert_ids in (("operator_alert_opened", opened), ("operator_alert_closed", closed)):
            for alert in _read(alert_ids):
                reason = f"{alert.kind} {alert.subject}".strip()
                record_event(
                    actor, "operator_alert", alert.id, event, reason=reason, data={"number": alert.number}
                )
        return Reports(
            _read(row[0] for row in query(_REPORT_OPENED, values)),
            _read(row[0] for row in query(_REPORT_CLOSED, {"ids": closed})),
        )


def list_open_alerts() -> list[OperatorAlert]:
    """Return the open alerts, critical ones first, at most `ALERTS_SHOWN`."""
    rows = OperatorAlert.select().where(OperatorAlert.closed_at.is_null())
    return list(rows.order_by(OperatorAlert.is_critical.desc(), OperatorAlert.id).limit(ALERTS_SHOWN))


def count_opened_since(moment: datetime) -> int:
    """Count the alerts that opened since a moment, also those that are over."""
    return int(OperatorAlert.select().where(OperatorAlert.opened_at >= moment).count())


def _read(alert_ids: Iterable[int]) -> list[OperatorAlert]:
    return list(
        OperatorAlert.select().where(OperatorAlert.id.in_(list(alert_ids))).order_by(OperatorAlert.id)
    )
