"""The schedule: each job runs one flow under a database lock, so that several processes may run it.

The schedule is in memory and all durable state in the database, so a missed or killed job simply runs at its next
time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from structlog.contextvars import bound_contextvars

from portal.accounts import SessionLimits, prune_challenges, prune_failures, prune_links, prune_sessions
from portal.db import Actor, advisory_lock, connection, release_connection
from portal.db.checks import run_checks
from portal.flows.accounts.account_mail import answer_reset_requests
from portal.flows.accounts.deliver_mail import Sender, deliver_mail
from portal.flows.accounts.note_sighting import forget_sightings
from portal.flows.checkout.receive_callback import settle_inbox
from portal.flows.checkout.reconcile import reconcile
from portal.flows.checkout.retry_ledgers import retry_ledgers
from portal.flows.minting.mint_rewards import drive_minting, notify_minted
from portal.flows.minting.watch_chain import watch_chain
from portal.flows.overviews.risk_hints import count_hints
from portal.flows.payouts.pay_settlements import run_payouts
from portal.flows.refunds.refund_payment import settle_refunds
from portal.journal import fold_journal_balances
from portal.logs import get_logger
from portal.mail import open_transport, prune_letters
from portal.orders import fold_code_orders
from portal.payments import prune_forged
from portal.rewards import fold_reward_totals
from portal.runtime import Portal
from portal.visits import prune_visits

log = get_logger(__name__)

# A run continues while there is work, so the rate is not limited to one batch per interval.
MINT_LIMIT, MINT_SECONDS = 5_000, 30


@dataclass(frozen=True)
class Job:
    """One entry of the schedule: a name, an interval in seconds, and the flow it runs."""

    name: str
    seconds: int
    run: Callable[[Portal], object]


def mint_rewards(portal: Portal) -> object:
    """Run minting rounds until no reward is open or approved, or the time limit is reached."""
    return drive_minting(
        portal.chain,
        portal.settings,
        Actor.job("mint_rewards"),
        limit=MINT_LIMIT,
        seconds=MINT_SECONDS,
        on_minted=notify_minted,
    )


def pay_settlements(portal: Portal) -> object:
    """Finish open payout batches and pay due settlements."""
    return run_payouts(portal.settings, Actor.job("pay_settlements"))


def settle_waiting_callbacks(portal: Portal) -> object:
    """Apply stored callbacks that a crash left unapplied."""
    return settle_inbox(portal.chain, portal.settings)


def retry_failed_ledgers(portal: Portal) -> object:
    """Write the ledgers of paid references whose first write failed."""
    return retry_ledgers(portal.chain, portal.settings)


def watch_minter(portal: Portal) -> object:
    """Check whether minting is possible and log what prevents it."""
    codes = watch_chain(portal.chain, portal.settings) if portal.chain.configured else []
    if codes:
        log.warning("minting needs attention", problems=codes)
    return codes


def fold_totals(portal: Portal) -> object:
    """Fold the recorded changes of rewards, orders and journal accounts into the maintained totals."""
    return fold_reward_totals() + fold_code_orders() + fold_journal_balances()


def settle_late_refunds(portal: Portal) -> object:
    """Reduce or debit rewards that were being minted when their refund arrived, and net open debits."""
    return settle_refunds(Actor.job("settle_late_refunds"))


def reconcile_payments(portal: Portal) -> object:
    """Query the provider about payments and refunds whose callback is overdue."""
    return reconcile(portal.chain, portal.settings)


def prune_old_visits(portal: Portal) -> object:
    """Delete daily visit counts older than 28 days."""
    return prune_visits()


def prune_forged_callbacks(portal: Portal) -> object:
    """Delete refused callbacks without a valid signature: old ones, and the excess of a flood."""
    return prune_forged()


def prune_wallet_challenges(portal: Portal) -> object:
    """Delete expired wallet challenges."""
    return prune_challenges()


def send_letters(portal: Portal) -> object:
    """Queue letters for requested reset links, then send the letters that are due."""
    settings = portal.settings
    answer_reset_requests()
    sender = Sender(settings.mail_from, settings.brand_name)
    transport = open_transport(settings.smtp_url.get_secret_value())
    return deliver_mail(transport, portal.compose, sender, Actor.job("send_letters"))


def prune_accounts(portal: Portal) -> object:
    """Delete expired sessions, failed sign-ins, links and letters."""
    limits = SessionLimits(portal.settings.session_idle_hours, portal.settings.session_total_hours)
    return prune_sessions(limits), prune_failures(), prune_links(), prune_letters()


def count_risk_hints(portal: Portal) -> object:
    """Count the risk hints of pending rewards for the filter of the queue."""
    return count_hints()


def forget_old_sightings(portal: Portal) -> object:
    """Delete expired hashes of sightings."""
    return forget_sightings()


def check_invariants(portal: Portal) -> object:
    """Run the invariant checks and log each one that fails."""
    broken = run_checks()
    for name, rows in broken.items():
        log.error("invariant broken", check=name, rows=len(rows), first=str(rows[0]))
    return len(broken)


JOBS = (
    Job("mint_rewards", 3, mint_rewards),
    Job("fold_totals", 10, fold_totals),
    Job("pay_settlements", 15, pay_settlements),
    Job("settle_waiting_callbacks", 30, settle_waiting_callbacks),
    Job("retry_failed_ledgers", 60, retry_failed_ledgers),
    Job("count_risk_hints", 15, count_risk_hints),
    Job("watch_minter", 300, watch_minter),
    Job("settle_late_refunds", 15, settle_late_refunds),
    Job("send_letters", 5, send_letters),
    Job("reconcile_payments", 120, reconcile_payments),
    Job("check_invariants", 600, check_invariants),
    Job("prune_old_visits", 3600, prune_old_visits),
    Job("prune_forged_callbacks", 60, prune_forged_callbacks),
    Job("prune_wallet_challenges", 3600, prune_wallet_challenges),
    Job("prune_accounts", 600, prune_accounts),
    Job("forget_old_sightings", 3600, forget_old_sightings),
)


def start_schedule(portal: Portal) -> BackgroundScheduler:
    """Start the schedule in this process and let the portal trigger a job early."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in JOBS:
        scheduler.add_job(_run, "interval", seconds=job.seconds, jitter=1, id=job.name, args=[job, portal])
    scheduler.start()
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    portal.wake = lambda name: _wake(scheduler, name)
    portal.scheduler_running = lambda: bool(scheduler.running)
    return scheduler


def _run(job: Job, portal: Portal) -> None:
    """Run a job unless another process is running it; log its duration in seconds, or its exception."""
    started = time.monotonic()
    with bound_contextvars(job=job.name):
        try:
            with advisory_lock(f"job:{job.name}") as is_locked:
                if is_locked:
                    with connection():
                        job.run(portal)
                    log.debug("job finished", duration=_seconds_since(started))
        except Exception:  # the schedule continues; the next run tries again
            log.exception("job failed", duration=_seconds_since(started))
        finally:
            release_connection()


def _seconds_since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _wake(scheduler: BackgroundScheduler, name: str) -> None:
    try:
        scheduler.modify_job(name, next_run_time=datetime.now(UTC))
    except JobLookupError:
        log.warning("unknown job", job=name)
