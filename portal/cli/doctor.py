"""`flask doctor`: check what the portal depends on and say how to fix problems."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import click

from portal.chain import list_alerts, read_status
from portal.cli.common import portal
from portal.db import connection
from portal.db.checks import run_checks
from portal.flows.overviews.read_health import read_health
from portal.mail import count_letters, list_dead_letters
from portal.payments import count_open_callbacks, list_open_rail_failures
from portal.settings import Settings

_REMEDIES = {
    "database": "start PostgreSQL and check DATABASE_URL",
    "migrations": "run `flask --app wsgi db migrate`",
}
_TIMEOUT_SECONDS = 5


@click.command()
def doctor() -> None:
    """Check settings, database, migrations, chain, mail, invariants and schedule; exit with 1 if anything needs you."""
    running = portal()
    health = read_health(running.chain, scheduler_running=False)
    for advice in _open_settings(running.settings):
        _show("settings", "open", advice)
    for name, state in (("database", health.database), ("migrations", health.migrations)):
        _show(name, state, "" if state == "ok" else _REMEDIES[name])
    troubles = 0 if health.is_ready else 1
    if health.is_ready:
        with connection():
            troubles += _chain() + _mail() + _invariants() + _waiting()
    _schedule(running.settings.app_url)
    if troubles:
        raise SystemExit(1)


def _show(name: str, state: object, remedy: str = "") -> None:
    click.echo(f"{name:<12} {state}" + (f"  -> {remedy}" if remedy else ""))


def _open_settings(settings: Settings) -> Iterator[str]:
    """Yield each optional setting that is missing, with what does not work without it."""
    if not settings.cron_secret.get_secret_value():
        yield "CRON_SECRET is not set: an external scheduler is refused"
    if not settings.referral_token_usd_price and not settings.referral_price_feed_address:
        yield "no token price: set REFERRAL_TOKEN_USD_PRICE or REFERRAL_PRICE_FEED_ADDRESS; until then rewards fail"
    if settings.settlement_payout_mode == "simulated":
        yield "SETTLEMENT_PAYOUT_MODE is simulated: payouts move no money"
    if not settings.is_production:
        yield "PORTAL_ENV is development: not for use in production"
    if not settings.scheduler_enabled:
        yield "SCHEDULER_ENABLED is false: another process has to run the schedule"


def _chain() -> int:
    """Show the state of the chain and return the number of problems; without a chain rewards wait."""
    status = read_status(portal().chain, portal().settings)
    if not status.configured:
        _show("chain", "not_configured", f"{status.problems[0].fix} Rewards wait meanwhile.")
        return 0
    _show("chain", "ok" if not status.problems else "not ready")
    for problem in status.problems:
        click.echo(f"  {problem.code}: {problem.what} {problem.fix}")
    return len(status.problems)


def _mail() -> int:
    """Show whether letters can be sent, and the dead ones; return the number of dead letters shown."""
    counts, dead = count_letters(), list_dead_letters()
    state = (
        "ok"
        if portal().settings.mail_configured
        else "not_configured  -> set SMTP_URL and MAIL_FROM; letters wait"
    )
    click.echo(f"{'mail':<12} {state}")
    click.echo("  " + ", ".join(f"{counts.get(status, 0)} {status}" for status in ("queued", "sent", "dead")))
    for letter in dead:
        click.echo(f"  dead: {letter.kind} to {letter.to_address}: {letter.last_error}")
    if dead:
        click.echo("  -> fix the errors, then run `flask --app wsgi mail retry`")
    return len(dead)


def _invariants() -> int:
    broken = run_checks()
    _show("invariants", "ok" if not broken else "broken")
    for name, rows in broken.items():
        click.echo(f"  {name}: {len(rows)} rows, the first {rows[0]}")
    return len(broken)


def _waiting() -> int:
    """Show what no job can finish alone and return its count; callbacks without a payment do not count."""
    failures, alerts = list_open_rail_failures(), list_alerts()
    unmatched = count_open_callbacks()
    counts = {"ledgers to be written": len(failures), "alerts of the chain": len(alerts)}
    waiting = [f"{count} {what}" for what, count in counts.items() if count]
    _show("waiting", ", ".join(waiting) or "nothing", "see /admin/audit" if waiting else "")
    if unmatched:
        _show("callbacks", f"{unmatched} match no payment", "see /admin/payments/inbox")
    return sum(counts.values())


def _schedule(app_url: str) -> None:
    """Show whether a portal runs at its address and whether its scheduler is on."""
    try:
        with urllib.request.urlopen(f"{app_url}/readyz", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            state = json.load(answer)["scheduler"]
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        _show("portal", "does not answer", f"start it, or check APP_URL ({app_url})")
        return
    _show("portal", "answers")
    _show("scheduler", state, "" if state == "ok" else "set SCHEDULER_ENABLED=true in at least one process")
