"""`flask doctor`: try what the portal depends on and say how to fix problems. See docs/operations.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from portal import __version__
from portal.chain import count_alerts, read_status
from portal.chain.contract.oracle import read_price
from portal.chain.errors import PriceUnavailable
from portal.chain.treasury_status import read_treasury_status
from portal.cli.chain import waiting_line
from portal.cli.common import PortalCommand, database_sentence, portal
from portal.cli.doctor_first_sale import check_first_sale
from portal.cli.doctor_neighbours import check_mail_server, check_portal, check_rate_source, check_redis
from portal.cli.findings import Finding, failure, show
from portal.db import DatabaseAway, connection, database_now
from portal.db.checks import run_checks
from portal.db.connection import current_url
from portal.db.pooling import PoolingUnsupported, find_pooling, require_locks
from portal.db.replica import is_replica_usable
from portal.dev.postgres import postgres_is_running
from portal.flows.accounts.stored_secrets import count_unreadable
from portal.flows.minting.mint_rewards import waiting_reason
from portal.flows.overviews.read_health import DatabaseState, read_database
from portal.flows.payouts.pay_settlements import payout_waiting_reason
from portal.lib.clock import utc_now
from portal.lib.folders import PROGRAM
from portal.mail import count_letters, list_dead_letters
from portal.monitoring import JobState, is_overdue, list_job_states, overdue_after
from portal.payments import count_open_callbacks, count_open_rail_failures
from portal.settings import Settings

_DATABASE_REMEDIES = {
    "full": "free disk space on the database server",
    "read_only": "connect to the primary: this server only reads",
    "no_rights": "make the role of DATABASE_URL the owner of the database and its tables",
}
_SKEW_SECONDS = 30


@click.command(cls=PortalCommand)
def doctor() -> None:
    """Check settings, database, chain, mail, invariants and the running portal. Exit with status 1 on any failure."""
    settings = portal().settings
    click.echo(f"{'version':<12} {__version__}")
    failures = show(_open_settings(settings))
    if not settings.database_url and not postgres_is_running(settings.portal_data_dir):
        failures += show([failure("database", "not running", f"set DATABASE_URL, or start `{PROGRAM} dev`")])
    else:
        failures += show(_database(settings))
        state = read_database(portal().chain)
        failures += show(_migrations(state))
        if (state.database, state.migrations) == ("ok", "ok"):
            with connection():
                failures += show(_ledgers(settings))
    for check in (check_mail_server, check_redis, check_rate_source, check_portal):
        failures += show(check(settings))
    if failures:
        raise SystemExit(1)


def _open_settings(settings: Settings) -> Iterator[Finding]:
    """Yield each optional setting that is missing, with what does not work without it."""
    for advice in _advice(settings):
        yield Finding("settings", "open", advice)
    wants_chain = settings.referral_rewards_address or settings.referral_minter_private_key.get_secret_value()
    if (wants_chain or settings.polygon_rpc_url) and not settings.chain_configured:
        missing = "REFERRAL_REWARDS_ADDRESS" if settings.polygon_rpc_url else "POLYGON_RPC_URL"
        remedy = f"set {missing}, or remove the other settings of the chain"
        yield failure("settings", "the chain is configured in part", remedy)


def _advice(settings: Settings) -> Iterator[str]:
    if not settings.cron_secret.get_secret_value():
        yield "CRON_SECRET is not set: an external scheduler is refused"
    if settings.is_production and not settings.metrics_token.get_secret_value():
        yield "METRICS_TOKEN is not set: /metrics is closed"
    if not settings.referral_token_usd_price and not settings.referral_price_feed_address:
        yield "no token price: set REFERRAL_TOKEN_USD_PRICE or REFERRAL_PRICE_FEED_ADDRESS; until then rewards fail"
    if settings.settlement_payout_mode == "simulated":
        yield "SETTLEMENT_PAYOUT_MODE is simulated: payouts move no money"
    if not settings.is_production:
        yield "PORTAL_ENV is development: not for use in production"
    if not settings.scheduler_enabled:
        yield "SCHEDULER_ENABLED is false: another process has to run the schedule"


def _database(settings: Settings) -> Iterator[Finding]:
    """Connect, and see whether a pooler shares the sessions that locks belong to."""
    try:
        pooling = find_pooling(current_url())
    except DatabaseAway as error:
        yield failure(
            "database", "away", f"start PostgreSQL and check DATABASE_URL. {database_sentence(error)}"
        )
        return
    if settings.database_direct_url or pooling == "transaction":
        yield _locks(settings)
    elif pooling == "session":
        yield Finding("pooler", "session mode")
    if settings.database_replica_url:
        yield _replica(settings)


def _replica(settings: Settings) -> Finding:
    seconds = settings.database_replica_max_lag_seconds
    if is_replica_usable(settings.database_replica_url, seconds):
        return Finding("replica", "ok")
    remedy = (
        "check DATABASE_REPLICA_URL: the server does not answer, is no replica, or is more than"
        f" {seconds} seconds behind. Exports and dashboards read from DATABASE_URL meanwhile"
    )
    return failure("replica", "not used", remedy)


def _locks(settings: Settings) -> Finding:
    """Take a lock at DATABASE_DIRECT_URL and see it from DATABASE_URL."""
    if not settings.database_direct_url:
        remedy = "set DATABASE_DIRECT_URL, or use session mode: locks do not hold, so that nothing is minted or paid"
        return failure("pooler", "transaction mode", remedy)
    try:
        require_locks(current_url(), settings.database_direct_url)
    except PoolingUnsupported as error:
        return failure("pooler", "locks do not hold", str(error))
    except DatabaseAway as error:
        return failure("pooler", "away", f"check DATABASE_DIRECT_URL. {database_sentence(error)}")
    return Finding("pooler", "locks hold at DATABASE_DIRECT_URL")


def _migrations(state: DatabaseState) -> Iterator[Finding]:
    if state.database == "away":
        return
    if state.database == "ok":
        yield Finding("database", "ok")
    else:
        yield failure("database", state.database, _DATABASE_REMEDIES[state.database])
    if state.migrations == "ok":
        yield Finding("migrations", "ok")
    else:
        yield failure("migrations", state.migrations, f"run `{PROGRAM} db migrate`")


def _ledgers(settings: Settings) -> Iterator[Finding]:
    """Check what is read through the database: its clock, the chain, letters, invariants, waiting work."""
    yield _clock()
    yield from _chain(settings)
    yield from _payouts(settings)
    yield _secrets(settings)
    yield _letters()
    yield _invariants()
    yield _jobs()
    yield from _waiting()
    yield from check_first_sale(settings)


def _clock() -> Finding:
    seconds = int((datetime.now(UTC) - database_now()).total_seconds())
    if abs(seconds) <= _SKEW_SECONDS:
        return Finding("clock", "ok")
    remedy = "synchronise the clocks of this machine and of the database: deadlines and codes depend on them"
    return failure(
        "clock", f"{abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} the database", remedy
    )


def _chain(settings: Settings) -> Iterator[Finding]:
    """Read the chain, the price and the stored reason of the minter; without a chain rewards wait."""
    status = read_status(portal().chain, settings)
    if not status.configured:
        yield Finding("chain", "not_configured", f"{status.problems[0].fix} Rewards wait meanwhile.")
        return
    lines = [f"{problem.code}: {problem.what} {problem.fix}" for problem in status.problems]
    waiting = waiting_reason(status.chain_id)
    if waiting and waiting.code not in {problem.code for problem in status.problems}:
        lines.append(waiting_line(waiting))
    notes = [f"note: {note.what} {note.fix}" for note in status.notes]
    yield Finding("chain", "not ready" if lines else "ok", "", bool(lines), (*lines, *notes))
    if settings.referral_token_usd_price or settings.referral_price_feed_address:
        yield _price(settings)


def _price(settings: Settings) -> Finding:
    try:
        price = read_price(settings, portal().chain.node)
    except PriceUnavailable as error:
        return failure(
            "price", "unavailable", f"check the price feed: {error}. Rewards fail until it answers"
        )
    return Finding("price", f"{price.value:f} USD ({price.source})")


def _payouts(settings: Settings) -> Iterator[Finding]:
    if settings.settlement_payout_mode != "onchain":
        return
    reason, status = payout_waiting_reason(), read_treasury_status(settings)
    lines = [f"{problem.code}: {problem.what} {problem.fix}" for problem in status.problems]
    if reason:
        yield failure(
            "payouts", f"waiting ({reason})", "see the table of payouts in docs/operations.md", *lines
        )
    elif lines:
        yield Finding("payouts", "not ready", "", True, tuple(lines))
    else:
        yield Finding("payouts", "ok")


def _secrets(settings: Settings) -> Finding:
    """Open stored secrets, which needs the key that sealed them."""
    unreadable = count_unreadable(settings.stored_key)
    if not unreadable:
        return Finding("secrets", "ok")
    state = ", ".join(f"{count} {name} cannot be read" for name, count in unreadable.items())
    remedy = f"set DATA_KEY to the SECRET_KEY of that time, or seal them again: `{PROGRAM} secrets reseal`"
    return failure("secrets", state, remedy)


def _letters() -> Finding:
    """Count the letters and list the dead ones."""
    counts, dead = count_letters(), list_dead_letters()
    summary = ", ".join(f"{counts.get(status, 0)} {status}" for status in ("queued", "sent", "dead"))
    if not dead:
        return Finding("letters", summary)
    lines = [f"dead: {letter.kind} to {letter.to_address}: {letter.last_error}" for letter in dead]
    return failure("letters", summary, f"fix the errors, then run `{PROGRAM} mail retry`", *lines)


def _invariants() -> Finding:
    broken = run_checks()
    if not broken:
        return Finding("invariants", "ok")
    lines = [f"{name}: {len(rows)} rows, the first {rows[0]}" for name, rows in broken.items()]
    return failure("invariants", "broken", "do not correct rows by hand before the cause is known", *lines)


def _jobs() -> Finding:
    """Read the recorded runs, whichever process or host made them."""
    start, now = f"start a process that runs the jobs: `{PROGRAM} serve --role jobs`", utc_now()
    jobs = list_job_states()
    if not jobs:
        return Finding("jobs", "none has run yet", start)
    latest = max(job.started_at for job in jobs)
    if now - latest > overdue_after(0):
        return failure("jobs", f"none has run since {latest:%Y-%m-%d %H:%M} UTC", start)
    late = [job for job in jobs if is_overdue(job, now)]
    if not late:
        return Finding("jobs", "ok")
    remedy = "wait a minute after a start, then fix the reasons; /admin/jobs shows each run"
    return failure("jobs", f"{len(late)} overdue", remedy, *[f"{job.job}: {_why_late(job)}" for job in late])


def _why_late(job: JobState) -> str:
    if job.error:
        return job.error
    return (
        f"no success since {job.succeeded_at:%Y-%m-%d %H:%M} UTC"
        if job.succeeded_at
        else "no run has succeeded"
    )


def _waiting() -> Iterator[Finding]:
    """Show what no job can finish alone; callbacks without a payment do not fail the command."""
    counts = {
        "ledgers to be written": count_open_rail_failures(),
        "alerts of the chain": sum(count_alerts().values()),
    }
    waiting = [f"{count} {what}" for what, count in counts.items() if count]
    if waiting:
        yield failure("waiting", ", ".join(waiting), "see /admin/audit")
    else:
        yield Finding("waiting", "nothing")
    if unmatched := count_open_callbacks():
        yield Finding("callbacks", f"{unmatched} match no payment", "see /admin/payments/inbox")
