"""What the portal knows about its own work: runs of jobs, and alerts for its admins.

Rules: docs/operations.md.
"""

from portal.monitoring.alerts import Finding, Reports, count_opened_since, list_open_alerts, observe
from portal.monitoring.job_runs import JobSession, prune_job_runs
from portal.monitoring.queries import (
    JOB_STATES,
    RUNS_PAGE,
    JobRunFilter,
    JobState,
    list_job_run_ledger,
    list_job_states,
)
from portal.monitoring.rules import is_overdue, overdue_after

__all__ = [
    "JOB_STATES",
    "RUNS_PAGE",
    "Finding",
    "JobRunFilter",
    "JobSession",
    "JobState",
    "Reports",
    "count_opened_since",
    "is_overdue",
    "list_job_run_ledger",
    "list_job_states",
    "list_open_alerts",
    "observe",
    "overdue_after",
    "prune_job_runs",
]
