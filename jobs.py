"""The timetable: each job calls one flow under a database lock, so any number of processes may run it.

The schedule lives in memory; everything durable is a row. A job that is missed or killed is simply
run at the next tick.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from portal.accounts import SessionLimits, prune_challenges, prune_failures, prune_links, prune_sessions
from portal.db import Actor, advisory_lock, connection, release_connection
from portal.db.checks import run_checks
from portal.flows.accounts.account_mail import answer_reset_requests
from portal.flows.accounts.deliver_mail import Sender, deliver_mail
from portal.flows.accounts.note_sighting import forget_sightings
from portal.flows.checkout.receive_callback import settle_inbox
from portal.flows.checkout.reconcile import reconcile
from portal.flows.checkout.retry_ledgers import retry_rails
from portal.flows.minting.mint_rewards import drive_minting, notify_minted
from portal.flows.minting.watch_chain import watch_chain
from portal.flows.overviews.risk_hints import count_hints
from portal.flows.payouts.pay_settlements import run_payouts
from portal.flows.refunds.refund_payment import settle_refunds
from portal.mail import open_postman, prune_letters
from portal.orders import fold_code_orders
from portal.payments import prune_forged
from portal.rewards import fold_reward_totals
from portal.runtime import Portal
from portal.visits import prune_visits

log = logging.getLogger(__name__)

# While there is work a run goes on round after round: rewards a second, not a batch every few seconds.
MINT_LIMIT, MINT_SECONDS = 5_000, 30


@dataclass(frozen=True)
class Job:
    """One entry of the timetable: a name, how often in seconds, and the flow."""

    name: str
    seconds: int
    run: Callable[[Portal], object]


def mint_rewards(portal: Portal) -> object:
    """Run minting rounds until nothing is open or approved, or the time is over."""
    return drive_minting(
        portal.chain,
        portal.settings,
        Actor.job("mint_rewards"),
        limit=MINT_LIMIT,
        seconds=MINT_SECONDS,
        on_minted=notify_minted,
    )


def pay_settlements(portal: Portal) -> object:
    """Finish open payout batches and pay what is due."""
    return run_payouts(portal.settings, Actor.job("pay_settlements"))


def settle_waiting_callbacks(portal: Portal) -> object:
    """Apply callbacks that a crash left durable but not acted on."""
    return settle_inbox(portal.chain, portal.settings)


def retry_failed_rails(portal: Portal) -> object:
    """Write again the rails of paid references that failed."""
    return retry_rails(portal.chain, portal.settings)


def watch_minter(portal: Portal) -> object:
    """See whether the minter can go on, and log what is wrong."""
    codes = watch_chain(portal.chain, portal.settings) if portal.chain.configured else []
    if codes:
        log.warning("minting needs attention: %s", ", ".join(codes))
    return codes


def fold_totals(portal: Portal) -> object:
    """Fold the differences that changed rewards and orders have noted into the kept totals."""
    return fold_reward_totals() + fold_code_orders()


def settle_late_refunds(portal: Portal) -> object:
    """Reduce or debit rewards the chain was deciding about when a refund came, and net open debits."""
    return settle_refunds(Actor.job("settle_late_refunds"))


def reconcile_payments(portal: Portal) -> object:
    """Ask the provider about payments and refunds whose callback is overdue."""
    return reconcile(portal.chain, portal.settings)


def prune_old_visits(portal: Portal) -> object:
    """Remove visit buckets older than 28 days."""
    return prune_visits()


def prune_forged_callbacks(portal: Portal) -> object:
    """Remove refused callbacks that nobody we know has signed: old ones and floods."""
    return prune_forged()


def prune_wallet_challenges(portal: Portal) -> object:
    """Remove texts that no wallet can sign any more."""
    return prune_challenges()


def send_letters(portal: Portal) -> object:
    """Answer requests for reset links, then send what waits in the outbox."""
    settings = portal.settings
    answer_reset_requests()
    sender = Sender(settings.mail_from, settings.brand_name)
    postman = open_postman(settings.smtp_url.get_secret_value())
    return deliver_mail(postman, portal.compose, sender, Actor.job("send_letters"))


def prune_accounts(portal: Portal) -> object:
    """Remove sessions, failed sign-ins, links and letters that are long over."""
    limits = SessionLimits(portal.settings.session_idle_hours, portal.settings.session_total_hours)
    return prune_sessions(limits), prune_failures(), prune_links(), prune_letters()


def count_risk_hints(portal: Portal) -> object:
    """Count the hints of waiting rewards, for the queue's filter."""
    return count_hints()


def forget_old_sightings(portal: Portal) -> object:
    """Delete hashed traces whose time is over."""
    return forget_sightings()


def check_invariants(portal: Portal) -> object:
    """Run the SQL invariants and log what they find."""
    broken = run_checks()
    for name, rows in broken.items():
        log.error("invariant %s is broken by %s rows, the first: %s", name, len(rows), rows[0])
    return len(broken)


TIMETABLE = (
    Job("mint_rewards", 3, mint_rewards),
    Job("fold_totals", 10, fold_totals),
    Job("pay_settlements", 15, pay_settlements),
    Job("settle_waiting_callbacks", 30, settle_waiting_callbacks),
    Job("retry_failed_rails", 60, retry_failed_rails),
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
    """Start the timetable in this process and let the portal wake a job early."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in TIMETABLE:
        scheduler.add_job(_run, "interval", seconds=job.seconds, jitter=1, id=job.name, args=[job, portal])
    scheduler.start()
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    portal.wake = lambda name: _wake(scheduler, name)
    portal.scheduler_running = lambda: bool(scheduler.running)
    return scheduler


def _run(job: Job, portal: Portal) -> None:
    try:
        with advisory_lock(f"job:{job.name}") as is_free:
            if is_free:
                with connection():
                    job.run(portal)
    except Exception:  # the schedule goes on; the next tick tries again
        log.exception("job %s failed", job.name)
    finally:
        release_connection()


def _wake(scheduler: BackgroundScheduler, name: str) -> None:
    try:
        scheduler.modify_job(name, next_run_time=datetime.now(UTC))
    except JobLookupError:
        log.warning("there is no job %s to wake", name)
