"""The numbers of /metrics in Prometheus' text format. docs/operations.md describes each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from portal.counters import counted
from portal.flows.overviews.read_metrics import Account, Metrics, Queue
from portal.lib.clock import utc_now
from portal.monitoring import JobState, is_overdue


class _Numbers(Collector):
    """Numbers as they were read.

    They are no `Gauge`: where processes share a folder, a gauge is kept there, and the next reader gets it as well.
    """

    def __init__(self) -> None:
        self._families: list[GaugeMetricFamily] = []

    def add(self, name: str, text: str, *labels: str) -> GaugeMetricFamily:
        """Add a family without samples."""
        family = GaugeMetricFamily(name, text, labels=labels)
        self._families.append(family)
        return family

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the families."""
        return self._families


def metrics_text(metrics: Metrics) -> bytes:
    """Return the numbers read from the database and those that the processes of this server counted."""
    numbers = _Numbers()
    _add_ledgers(numbers, metrics)
    _add_queues(numbers, metrics.queues)
    _add_accounts(numbers, metrics.accounts)
    _add_waiting(numbers, metrics.waiting)
    _add_jobs(numbers, metrics.jobs)
    endpoints = numbers.add("portal_webhook_endpoints", "Endpoints of webhooks by state", "state")
    endpoints.add_metric(["disabled"], metrics.endpoints_disabled)
    endpoints.add_metric(["failing"], metrics.endpoints_failing)
    alerts = numbers.add("portal_audit_alerts", "Open alerts of the on-chain audit by kind", "kind")
    for kind, count in metrics.alerts.items():
        alerts.add_metric([kind], count)
    registry = CollectorRegistry()
    registry.register(numbers)
    return generate_latest(registry) + generate_latest(counted())


def _add_ledgers(numbers: _Numbers, metrics: Metrics) -> None:
    rows = numbers.add("portal_rows", "Rows by ledger and status", "ledger", "status")
    for status, count in metrics.rewards.items():
        rows.add_metric(["rewards", status], count)
    estimates = numbers.add("portal_rows_estimate", "Estimated rows by table", "table")
    for table, count in metrics.estimates.items():
        estimates.add_metric([table], count)


def _add_queues(numbers: _Numbers, queues: Mapping[str, Queue]) -> None:
    rows = numbers.add("portal_queue_rows", "Open rows by queue, at most 10,000", "queue")
    oldest = numbers.add("portal_queue_oldest_seconds", "Age of the oldest open row by queue", "queue")
    for name, queue in queues.items():
        rows.add_metric([name], queue.rows)
        oldest.add_metric([name], queue.oldest_seconds)


def _add_accounts(numbers: _Numbers, accounts: Mapping[str, Account]) -> None:
    balance = numbers.add("portal_operator_balance_wei", "Native coin of an account", "account")
    days = numbers.add("portal_operator_gas_days", "Days that an account's gas lasts", "account")
    units = numbers.add("portal_treasury_units", "Tokens of the payout contract, in base units", "account")
    ages = numbers.add("portal_operator_read_seconds", "Age of an account's numbers", "account")
    for name, account in accounts.items():
        ages.add_metric([name], account.read_seconds_ago)
        if account.balance_wei is not None:
            balance.add_metric([name], account.balance_wei)
        if account.gas_days is not None:
            days.add_metric([name], account.gas_days)
        if account.token_units is not None:
            units.add_metric([name], account.token_units)


def _add_waiting(numbers: _Numbers, waiting: Mapping[str, tuple[str, int]]) -> None:
    seconds = numbers.add(
        "portal_waiting_seconds", "How long minting or payouts wait, and why", "what", "reason"
    )
    for what, (reason, since) in waiting.items():
        seconds.add_metric([what, reason or "none"], since)


def _add_jobs(numbers: _Numbers, jobs: list[JobState]) -> None:
    success = numbers.add("portal_job_last_success_seconds", "Unix time of the last success of a job", "name")
    duration = numbers.add("portal_job_duration_seconds", "Seconds of the latest finished run", "name")
    failures = numbers.add("portal_job_failures", "Failed runs since the last success, at most 1,000", "name")
    overdue = numbers.add("portal_job_overdue", "1 while a job has not succeeded for too long", "name")
    now = utc_now()
    for state in jobs:
        failures.add_metric([state.job], state.failures)
        overdue.add_metric([state.job], is_overdue(state, now))
        if state.succeeded_at is not None:
            success.add_metric([state.job], state.succeeded_at.timestamp())
        if state.duration_ms is not None:
            duration.add_metric([state.job], state.duration_ms / 1000)
