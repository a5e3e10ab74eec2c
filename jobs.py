"""The schedule: each job runs one flow under a database lock, so that several processes may run it.

The schedule is in memory and all durable state in the database, so a missed or killed job simply runs at its next
time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from portal.accounts import (
    SessionLimits,
    key_plain_recovery_codes,
    prune_challenges,
    prune_failures,
    prune_links,
    prune_sessions,
)
from portal.codes import fold_code_results
from portal.commissions import fold_settlement_totals
from portal.db import (
    Actor,
    forget_sign_in_devices,
    forget_unknown_accounts,
    work_through,
)
from portal.db.checks import run_checks
from portal.db.failing import forget_old_failures
from portal.flows.accounts.account_mail import answer_reset_requests
from portal.flows.accounts.deliver_mail import Sender, deliver_mail
from portal.flows.accounts.note_sighting import forget_sightings
from portal.flows.approvals.approve_by_rule import approve_waiting
from portal.flows.catalogue.import_products import work_on_imports
from portal.flows.checkout.close_order import expire_orders
from portal.flows.checkout.reconcile import reconcile
from portal.flows.checkout.retry_ledgers import retry_ledgers
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.flows.minting.mint_rewards import drive_minting, notify_minted
from portal.flows.minting.watch_chain import watch_chain
from portal.flows.overviews.count_days import count_days
from portal.flows.overviews.risk_hints import count_hints
from portal.flows.overviews.watch_portal import report_books, send_digest, watch_portal
from portal.flows.payouts.pay_settlements import run_payouts
from portal.flows.payouts.watch_treasury import watch_treasury
from portal.flows.refunds.refund_payment import settle_refunds
from portal.flows.statements.open_statements import open_monthly_statements
from portal.flows.stores.ask_store import settle_fetches
from portal.flows.stores.poll_stores import poll_stores
from portal.flows.stores.receive_snapshot import settle_store_events
from portal.flows.webhooks.deliver_webhooks import SendingRules
from portal.flows.webhooks.deliver_webhooks import deliver_webhooks as deliver_due_webhooks
from portal.journal import fold_journal_balances
from portal.logs import get_logger
from portal.mail import open_transport, prune_letters
from portal.monitoring import prune_job_runs
from portal.notifications import prune_notifications
from portal.orders import erase_old_deliveries, fold_code_orders
from portal.payments import clear_callback_bodies, prune_forged
from portal.proposals import expire_proposals
from portal.rewards import fold_budgets, fold_reward_totals
from portal.runtime import Portal
from portal.schedule import Job, is_stopping, run_schedule
from portal.stores import prune_store_events
from portal.visits import prune_visits
from portal.webhooks import prune_webhooks

if TYPE_CHECKING:
    from portal.scheduler import SteadyScheduler

log = get_logger(__name__)

# A run continues while there is work, so the rate is not limited to one batch per interval.
MINT_LIMIT, MINT_SECONDS = 5_000, 30


def mint_rewards(portal: Portal) -> object:
    """Run minting rounds until no reward is open or approved, or the time limit is reached."""
    return drive_minting(
        portal.chain,
        portal.settings,
        Actor.job("mint_rewards"),
        limit=MINT_LIMIT,
        seconds=MINT_SECONDS,
        on_minted=notify_minted,
        is_stopping=is_stopping,
    )


def pay_settlements(portal: Portal) -> object:
    """Finish open payout batches and pay due settlements."""
    return run_payouts(portal.settings, Actor.job("pay_settlements"))


def open_commission_statements(portal: Portal) -> object:
    """Open the commission statements of the months that are over."""
    return open_monthly_statements(portal.settings, Actor.job("open_commission_statements"))


def settle_waiting_callbacks(portal: Portal) -> object:
    """Apply stored callbacks that a burst or a crash left unapplied."""
    return settle_inbox(portal.chain, portal.settings, is_stopping=is_stopping)


def settle_waiting_snapshots(portal: Portal) -> object:
    """Apply what connected stores reported and a crash left unapplied."""
    return settle_store_events(portal.chain, portal.settings)


def prune_old_store_events(portal: Portal) -> object:
    """Delete old events of connected stores that changed nothing."""
    return prune_store_events(portal.settings.retention_store_events_days)


def retry_failed_ledgers(portal: Portal) -> object:
    """Write the ledgers of paid references whose first write failed."""
    return retry_ledgers(portal.chain, portal.settings)


def watch_minter(portal: Portal) -> object:
    """Check whether minting and payouts are possible and log what prevents them, when that changes."""
    minting = watch_chain(portal.chain, portal.settings) if portal.chain.configured else []
    return minting, watch_treasury(portal.settings)


def fold_totals(portal: Portal) -> object:
    """Fold the recorded changes of ledgers, budgets and journal accounts into the maintained totals."""
    folds = (
        fold_reward_totals,
        fold_budgets,
        fold_code_orders,
        fold_code_results,
        fold_settlement_totals,
        fold_journal_balances,
    )
    return work_through("totals", folds, lambda fold: fold.__name__, lambda fold: fold())


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


def ask_stores(portal: Portal) -> object:
    """Ask connected stores for the orders that their deliveries only name."""
    return settle_fetches(portal.chain, portal.settings)


def poll_connected_stores(portal: Portal) -> object:
    """Read the orders that changed in connected stores; each store is due every 15 minutes."""
    return poll_stores(portal.chain, portal.settings)


def watch_for_alerts(portal: Portal) -> object:
    """Open and close alerts for the admins."""
    return watch_portal(portal.chain, [job.name for job in JOBS], Actor.job("watch_for_alerts"))


def send_alert_digest(portal: Portal) -> object:
    """Write to the admins about open alerts, once a day."""
    return send_digest(portal.settings)


def prune_old_job_runs(portal: Portal) -> object:
    """Delete all but the newest runs of each job, and failures of items that are settled."""
    return prune_job_runs([job.name for job in JOBS]), forget_old_failures()


def prune_accounts(portal: Portal) -> object:
    """Delete expired sessions, failed sign-ins, links and letters, and key recovery codes of earlier versions."""
    key_plain_recovery_codes(portal.settings.stored_key)
    settings = portal.settings
    limits = SessionLimits(settings.session_idle_hours, settings.session_total_hours)
    prunes: dict[str, Callable[[], object]] = {
        "sessions": lambda: prune_sessions(limits, settings.retention_sessions_days),
        "failures": prune_failures,
        "links": prune_links,
        "letters": lambda: prune_letters(settings.retention_letters_days),
    }
    return work_through("pruning", prunes, str, lambda name: prunes[name]())


def forget_personal_data(portal: Portal) -> object:
    """Delete notifications, devices of sign-ins and bodies of callbacks whose time is over."""
    settings = portal.settings
    parts: dict[str, Callable[[], object]] = {
        "notifications": lambda: prune_notifications(settings.retention_notifications_days),
        "sign-ins": lambda: forget_sign_in_devices(settings.retention_sign_ins_days),
        "unknown accounts": lambda: forget_unknown_accounts(settings.retention_sign_ins_days),
        "callbacks": lambda: clear_callback_bodies(settings.retention_callbacks_days),
    }
    return work_through("retention", parts, str, lambda name: parts[name]())


def deliver_webhooks(portal: Portal) -> object:
    """Send due webhooks to the endpoints of stores."""
    return deliver_due_webhooks(SendingRules.of(portal.settings), Actor.job("deliver_webhooks"))


def prune_old_webhooks(portal: Portal) -> object:
    """Delete old webhook events with their deliveries."""
    return prune_webhooks(portal.settings.retention_webhooks_days)


def count_risk_hints(portal: Portal) -> object:
    """Count the risk hints of pending rewards for the filter of the queue."""
    return count_hints()


def count_daily_figures(portal: Portal) -> object:
    """Count what was sold, earned and minted by day for the home of admins."""
    return count_days()


def forget_old_sightings(portal: Portal) -> object:
    """Delete expired hashes of sightings."""
    return forget_sightings()


def expire_old_proposals(portal: Portal) -> object:
    """Close proposals that no second admin decided in time."""
    return expire_proposals(Actor.job("expire_old_proposals"))


def approve_waiting_rewards(portal: Portal) -> object:
    """Approve rewards that waited for a budget, where there is room now."""
    return approve_waiting(portal.settings)


def expire_unpaid_orders(portal: Portal) -> object:
    """Close orders that were not paid in time."""
    return expire_orders(portal.settings)


def erase_delivery_data(portal: Portal) -> object:
    """Erase names, phone numbers and addresses of deliveries that are older than the setting allows."""
    return erase_old_deliveries(portal.settings.delivery_data_days)


def import_products(portal: Portal) -> object:
    """Check and apply the rows of imports of products."""
    return work_on_imports(portal.settings, Actor.job("import_products"))


def prepare_exports(portal: Portal) -> object:
    """Write the files of long ledgers that people asked for, and delete expired ones."""
    return portal.prepare_exports(Actor.job("prepare_exports"), is_stopping)


def check_invariants(portal: Portal) -> object:
    """Run the invariant checks and log each one that fails."""
    broken = run_checks()
    for name, rows in broken.items():
        log.error("invariant broken", check=name, rows=len(rows), first=str(rows[0]))
    report_books({name: len(rows) for name, rows in broken.items()}, Actor.job("check_invariants"))
    return len(broken)


JOBS = (
    Job("mint_rewards", 3, mint_rewards),
    Job("fold_totals", 10, fold_totals),
    Job("pay_settlements", 15, pay_settlements),
    Job("settle_waiting_callbacks", 5, settle_waiting_callbacks),
    Job("settle_waiting_snapshots", 30, settle_waiting_snapshots),
    Job("retry_failed_ledgers", 60, retry_failed_ledgers),
    Job("count_risk_hints", 15, count_risk_hints),
    Job("approve_waiting_rewards", 60, approve_waiting_rewards),
    Job("count_daily_figures", 60, count_daily_figures, first_seconds=0),
    Job("watch_minter", 60, watch_minter, first_seconds=0),
    Job("open_commission_statements", 600, open_commission_statements),
    Job("settle_late_refunds", 15, settle_late_refunds),
    Job("send_letters", 5, send_letters),
    Job("deliver_webhooks", 5, deliver_webhooks),
    Job("prune_old_webhooks", 3600, prune_old_webhooks),
    Job("reconcile_payments", 120, reconcile_payments),
    Job("expire_unpaid_orders", 300, expire_unpaid_orders),
    Job("erase_delivery_data", 3600, erase_delivery_data, first_seconds=0),
    Job("import_products", 5, import_products),
    Job("prepare_exports", 5, prepare_exports),
    Job("check_invariants", 600, check_invariants),
    Job("prune_old_visits", 3600, prune_old_visits),
    Job("prune_forged_callbacks", 60, prune_forged_callbacks),
    Job("prune_old_store_events", 600, prune_old_store_events),
    Job("prune_wallet_challenges", 3600, prune_wallet_challenges),
    Job("ask_stores", 15, ask_stores),
    Job("poll_connected_stores", 60, poll_connected_stores, first_seconds=0),
    Job("prune_accounts", 600, prune_accounts),
    Job("forget_personal_data", 3600, forget_personal_data),
    Job("expire_old_proposals", 600, expire_old_proposals),
    Job("forget_old_sightings", 3600, forget_old_sightings),
    Job("prune_old_job_runs", 600, prune_old_job_runs),
    # Later than the first runs of all others, which are overdue after a long stop.
    Job("watch_for_alerts", 60, watch_for_alerts, first_seconds=300),
    Job("send_alert_digest", 600, send_alert_digest),
)


def start_schedule(portal: Portal) -> SteadyScheduler:
    """Start the schedule in this process and let the portal wake its jobs; return the scheduler."""
    return run_schedule(JOBS, portal)
