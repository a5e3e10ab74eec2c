"""Find what is wrong with the portal, and write to its admins: at once about critical alerts, daily about the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Any

from models import OperatorAlert
from portal.accounts import list_admin_ids
from portal.chain import AnyChain
from portal.db import Actor, query, transaction
from portal.flows.overviews.read_metrics import Metrics, read_metrics
from portal.lib.clock import utc_now
from portal.logs import get_logger
from portal.monitoring import (
    Finding,
    JobState,
    Reports,
    count_opened_since,
    is_overdue,
    list_open_alerts,
    observe,
)
from portal.notifications import notify
from portal.settings import Settings

log = get_logger(__name__)

MINUTE, HOUR, DAY = 60, 3600, 86400
# Queue -> (kind of alert, seconds that its oldest row may wait, whether it is critical).
_PATIENCE = {
    "callbacks": ("callbacks_wait", 5 * MINUTE, True),
    "failed_ledgers": ("ledgers_missing", 15 * MINUTE, True),
    "payouts": ("payouts_stuck", HOUR, True),
    "chain_transactions": ("transactions_stuck", 30 * MINUTE, True),
    "unmatched_callbacks": ("callbacks_unmatched", 15 * MINUTE, False),
    "letters": ("letters_wait", 30 * MINUTE, False),
    "refunds": ("refunds_wait", DAY, False),
    "set_aside": ("items_set_aside", HOUR, False),
    "store_events": ("store_orders_wait", 15 * MINUTE, False),
}
# Alerts whose sentence has the number of rows instead of the time.
_COUNTED = {"callbacks_unmatched", "items_set_aside"}
_WAITS = {"minting": "minting_waits", "payouts": "payouts_wait"}
_WAIT_SECONDS = 15 * MINUTE
# Nothing waits, another process mints, it waits as configured, or money is getting short, which has separate alerts.
_NO_WAIT = {"", "other_leader", "low_gas", "not_configured", "daily_cap"}
_GAS_DAYS, _FAILURES = 7, 5
_MORNING = 8
BOOKS = "books_broken"
KINDS = (
    *(kind for kind, _seconds, _critical in _PATIENCE.values()),
    *_WAITS.values(),
    "gas_empty",
    "gas_low",
    "treasury_empty",
    "job_overdue",
    "job_fails",
    "audit_alert",
    "endpoints_failing",
)


def watch_portal(chain: AnyChain, jobs: Collection[str], actor: Actor) -> int:
    """Open and close alerts by the present numbers and return how many things are wrong; `jobs` is the schedule."""
    metrics = read_metrics(lambda sql, *values: query(sql, values), chain)
    findings = list(find_problems(metrics, jobs))
    _report(KINDS, findings, actor)
    return len(findings)


def report_books(broken: dict[str, int], actor: Actor) -> None:
    """Open an alert for each invariant that is broken, with its rows, and close those of the others."""
    _report([BOOKS], [Finding(BOOKS, check, True, rows) for check, rows in broken.items()], actor)


def find_problems(metrics: Metrics, jobs: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong by the numbers."""
    for name, (kind, seconds, is_critical) in _PATIENCE.items():
        queue = metrics.queues[name]
        if queue.oldest_seconds > seconds:
            yield Finding(kind, "", is_critical, queue.rows if kind in _COUNTED else queue.oldest_seconds)
    for what, kind in _WAITS.items():
        reason, waited = metrics.waiting[what]
        if reason not in _NO_WAIT and waited > _WAIT_SECONDS:
            yield Finding(kind, reason, True, waited)
    yield from _accounts(metrics)
    yield from _jobs(state for state in metrics.jobs if state.job in jobs)
    for audit_kind, count in metrics.alerts.items():
        yield Finding("audit_alert", audit_kind, True, count)
    if metrics.endpoints_failing:
        yield Finding("endpoints_failing", "", False, metrics.endpoints_failing)


def _accounts(metrics: Metrics) -> Iterator[Finding]:
    for name, account in metrics.accounts.items():
        if account.balance_wei == 0 or account.gas_days == 0:
            yield Finding("gas_empty", name, True)
        elif account.gas_days is not None and account.gas_days < _GAS_DAYS:
            yield Finding("gas_low", name, False, account.gas_days)
        if account.token_units == 0:
            yield Finding("treasury_empty", name, True)


def _jobs(states: Iterable[JobState]) -> Iterator[Finding]:
    now = utc_now()
    for job in states:
        if is_overdue(job, now):
            silence = now - (job.succeeded_at or job.started_at)
            yield Finding("job_overdue", job.job, True, int(silence.total_seconds()))
        elif job.failures >= _FAILURES:
            yield Finding("job_fails", job.job, False, job.failures)


def _report(kinds: Collection[str], findings: list[Finding], actor: Actor) -> None:
    with transaction():
        reports = observe(kinds, findings, actor)
        for kind, alerts in (("alert_opened", reports.opened), ("alert_over", reports.over)):
            for alert in alerts:
                _notify_admins(kind, f"{kind}:{alert.id}:{alert.times}", **alert_values(alert))
    _log(reports)


def _log(reports: Reports) -> None:
    for alert in reports.opened:
        log.error("operator alert", kind=alert.kind, subject=alert.subject, number=alert.number)
    for alert in reports.over:
        log.warning("operator alert is over", kind=alert.kind, subject=alert.subject)


def send_digest(settings: Settings) -> int:
    """Write to the admins about the open alerts, once per morning of the business; return how many there are."""
    now = utc_now().astimezone(settings.timezone)
    if now.hour < _MORNING:
        return 0
    alerts = list_open_alerts()
    opened = count_opened_since(utc_now() - timedelta(days=1))
    if alerts or opened:
        lines = [alert_values(alert) for alert in alerts]
        _notify_admins("alert_digest", f"alert_digest:{now.date()}", alerts=lines, opened=opened)
    return len(alerts)


def alert_values(alert: OperatorAlert) -> dict[str, Any]:
    """Return what the sentence of an alert needs."""
    return {"alert": alert.kind, "subject": alert.subject, "number": alert.number}


def _notify_admins(kind: str, key: str, **values: Any) -> None:
    for admin_id in list_admin_ids():
        notify(admin_id, kind, f"{key}:{admin_id}", **values)
