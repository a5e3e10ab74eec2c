"""`flask doctor`: is everything the portal stands on in order, and what to do where it is not."""

from __future__ import annotations

import click

from portal.cli.common import portal
from portal.db import connection
from portal.db.checks import run_checks
from portal.flows.read_health import read_health
from portal.mail import count_letters, list_dead_letters

_REMEDIES = {
    "database": "start PostgreSQL and check DATABASE_URL",
    "migrations": "run `flask --app wsgi db migrate`",
    "chain": "set POLYGON_RPC_URL and REFERRAL_REWARDS_ADDRESS, or check the node; rewards wait meanwhile",
}


@click.command()
def doctor() -> None:
    """Check database, migrations, chain and invariants; exit 1 when something needs you."""
    health = read_health(portal().chain, scheduler_running=False)
    states = {"database": health.database, "migrations": health.migrations, "chain": health.chain}
    for name, state in states.items():
        click.echo(f"{name:<12} {state}" + ("" if state == "ok" else f"  -> {_REMEDIES[name]}"))
    if health.is_ready:
        _mail()
    broken = _invariants() if health.is_ready else 0
    if broken or not health.is_ready or health.chain == "away":
        raise SystemExit(1)


def _mail() -> None:
    """Say whether letters can leave, and which were given up."""
    with connection():
        counts, dead = count_letters(), list_dead_letters()
    told = (
        "ok"
        if portal().settings.mail_configured
        else "not_configured  -> set SMTP_URL and MAIL_FROM; letters wait"
    )
    click.echo(f"{'mail':<12} {told}")
    click.echo("  " + ", ".join(f"{counts.get(status, 0)} {status}" for status in ("queued", "sent", "dead")))
    for letter in dead:
        click.echo(f"  dead: {letter.kind} to {letter.to_address}: {letter.last_error}")
    if dead:
        click.echo("  -> correct what they name, then run `flask --app wsgi mail retry`")


def _invariants() -> int:
    with connection():
        broken = run_checks()
    click.echo(f"{'invariants':<12} {'ok' if not broken else 'broken'}")
    for name, rows in broken.items():
        click.echo(f"  {name}: {len(rows)} rows, the first {rows[0]}")
    return len(broken)
