"""`flask doctor`: check what the portal depends on and suggest fixes."""

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
    """Check settings, database, migrations, chain, mail, invariants and schedule; exit 1 when action is needed."""
    running = portal()
    health = read_health(running.chain, scheduler_running=False)
    for advice in _open_settings(running.settings):
        _say("settings", "open", advice)
    for name, state in (("database", health.database), ("migrations", health.migrations)):
        _say(name, state, "" if state == "ok" else _REMEDIES[name])
    troubles = 0 if health.is_ready else 1
    if health.is_ready:
        with connection():
            troubles += _chain() + _mail() + _invariants() + _waiting()
    _schedule(running.settings.app_url)
    if troubles:
        raise SystemExit(1)


def _say(name: str, state: object, remedy: str = "") -> None:
    click.echo(f"{name:<12} {state}" + (f"  -> {remedy}" if remedy else ""))


def _open_settings(settings: Settings) -> Iterator[str]:
    """Yield optional settings that are missing, and their effect."""
    if not settings.cron_secret.get_secret_value():
        yield "CRON_SECRET is not set: an outside scheduler is refused"
    if not settings.referral_token_usd_price and not settings.referral_price_feed_address:
        yield "no token price: set REFERRAL_TOKEN_USD_PRICE or REFERRAL_PRICE_FEED_ADDRESS; rewards fail meanwhile"
    if settings.settlement_payout_mode == "simulated":
        yield "SETTLEMENT_PAYOUT_MODE is simulated: payouts move no money"
    if not settings.is_production:
        yield "PORTAL_ENV is development: for this computer only"
    if not settings.scheduler_enabled:
        yield "SCHEDULER_ENABLED is false here: another process must run the schedule"


def _chain() -> int:
    """Report the chain's problems and return their number; without a chain rewards wait."""
    status = read_status(portal().chain, portal().settings)
    if not status.configured:
        _say("chain", "not_configured", f"{status.problems[0].fix} Rewards wait meanwhile.")
        return 0
    _say("chain", "ok" if not status.problems else "not ready")
    for problem in status.problems:
        click.echo(f"  {problem.code}: {problem.what} {problem.fix}")
    return len(status.problems)


def _mail() -> int:
    """Report whether letters can be sent; return the number of dead ones."""
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
        click.echo("  -> correct what they name, then run `flask --app wsgi mail retry`")
    return len(dead)


def _invariants() -> int:
    broken = run_checks()
    _say("invariants", "ok" if not broken else "broken")
    for name, rows in broken.items():
        click.echo(f"  {name}: {len(rows)} rows, the first {rows[0]}")
    return len(broken)


def _waiting() -> int:
    """Report what needs an admin and return its number; unmatched callbacks are reported but not counted."""
    failures, alerts = list_open_rail_failures(), list_alerts()
    unmatched = count_open_callbacks()
    counts = {"ledger entries to be written": len(failures), "on-chain alerts": len(alerts)}
    texts = [f"{count} {what}" for what, count in counts.items() if count]
    _say("waiting", ", ".join(texts) or "nothing", "see /admin/audit" if texts else "")
    if unmatched:
        _say("callbacks", f"{unmatched} unmatched", "see /admin/payments/inbox")
    return sum(counts.values())


def _schedule(app_url: str) -> None:
    """Report whether the running portal, if any, runs the schedule."""
    try:
        with urllib.request.urlopen(f"{app_url}/readyz", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            state = json.load(answer)["scheduler"]
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        _say("portal", "does not answer", f"start it, or check APP_URL ({app_url})")
        return
    _say("portal", "answers")
    _say("scheduler", state, "" if state == "ok" else "set SCHEDULER_ENABLED=true in one process at least")
