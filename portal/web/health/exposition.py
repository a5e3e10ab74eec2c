"""The numbers of /metrics in Prometheus' text format. docs/operations.md describes each."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from portal.counters import counted
from portal.flows.overviews.read_metrics import Account, Metrics, Queue
from portal.lib.clock import utc_now
from portal.monitoring import JobState, is_overdue


def metrics_text(metrics: Metrics) -> bytes:
    """Return the numbers read from the database and those that the processes of this server counted."""
    registry = CollectorRegistry()
    _add_ledgers(registry, metrics)
    _add_queues(registry, metrics.queues)
    _add_accounts(registry, metrics.accounts)
    _add_waiting(registry, metrics.waiting)
    _add_jobs(registry, metrics.jobs)
    endpoints = _gauge(registry, "portal_webhook_endpoints", "Endpoints of webhooks by state", "state")
    endpoints.labels("disabled").set(metrics.endpoints_disabled)
    endpoints.labels("failing").set(metrics.endpoints_failing)
    alerts = _gauge(registry, "portal_audit_alerts", "Open alerts of the on-chain audit by kind", "kind")
    for kind, count in metrics.alerts.items():
        alerts.labels(kind).set(count)
    return generate_latest(registry) + generate_latest(counted())


def _add_ledgers(registry: CollectorRegistry, metrics: Metrics) -> None:
    rows = _gauge(registry, "portal_rows", "Rows by ledger and status", "ledger", "status")
    for status, count in metrics.rewards.items():
        rows.labels("rewards", status).set(count)
    estimates = _gauge(registry, "portal_rows_estimate", "Estimated rows by table", "table")
    for table, count in metrics.estimates.items():
        estimates.labels(table).set(count)


def _add_queues(registry: CollectorRegistry, queues: Mapping[str, Queue]) -> None:
    rows = _gauge(registry, "portal_queue_rows", "Open rows by queue, at most 10,000", "queue")
    oldest = _gauge(registry, "portal_queue_oldest_seconds", "Age of the oldest open row by queue", "queue")
    for name, queue in queues.items():
        rows.labels(name).set(queue.rows)
        oldest.labels(name).set(queue.oldest_seconds)


def _add_accounts(registry: CollectorRegistry, accounts: Mapping[str, Account]) -> None:
    balance = _gauge(registry, "portal_operator_balance_wei", "Native coin of an account", "account")
    days = _gauge(registry, "portal_operator_gas_days", "Days that an account's gas lasts", "account")
    units = _gauge(
        registry, "portal_treasury_units", "Tokens of the payout contract, in base units", "account"
    )
    ages = _gauge(registry, "portal_operator_read_seconds", "Age of an account's numbers", "account")
    for name, account in accounts.items():
        ages.labels(name).set(account.read_seconds_ago)
        if account.balance_wei is not None:
            balance.labels(name).set(account.balance_wei)
        if account.gas_days is not None:
            days.labels(name).set(account.gas_days)
        if account.token_units is not None:
            units.labels(name).set(account.token_units)


def _add_waiting(registry: CollectorRegistry, waiting: Mapping[str, tuple[str, int]]) -> None:
    seconds = _gauge(
        registry, "portal_waiting_seconds", "How long minting or payouts wait, and why", "what", "reason"
    )
    for what, (reason, since) in waiting.items():
        seconds.labels(what, reason or "none").set(since)


def _add_jobs(registry: CollectorRegistry, jobs: list[JobState]) -> None:
    success = _gauge(
        registry, "portal_job_last_success_seconds", "Unix time of the last success of a job", "name"
    )
    duration = _gauge(registry, "portal_job_duration_seconds", "Seconds of the latest finished run", "name")
    failures = _gauge(
        registry, "portal_job_failures", "Failed runs since the last success, at most 1,000", "name"
    )
    overdue = _gauge(registry, "portal_job_overdue", "1 while a job has not succeeded for too long", "name")
    now = utc_now()
    for state in jobs:
        failures.labels(state.job).set(state.failures)
        overdue.labels(state.job).set(is_overdue(state, now))
        if state.succeeded_at is not None:
            success.labels(state.job).set(state.succeeded_at.timestamp())
        if state.duration_ms is not None:
            duration.labels(state.job).set(state.duration_ms / 1000)


def _gauge(registry: CollectorRegistry, name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, registry=registry)
