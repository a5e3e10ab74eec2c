"""`flask audit`: differences between ledgers, payments and chain, for one reference or all."""

from __future__ import annotations

import json

import click

from portal.cli.common import PortalCommand, database_session, portal
from portal.flows.audit.audit_reference import audit_reference, list_references


@click.command(cls=PortalCommand)
@click.option("--order-reference", "reference", default=None, help="Only this reference.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def audit(reference: str | None, as_json: bool) -> None:
    """Compare settlements, assists, rewards, payments and the chain. Exit with status 1 if anything differs."""
    if reference is not None and not reference.strip():
        raise click.BadParameter("enter a reference", param_hint="--order-reference")
    checked = differing = unread = 0
    with database_session():
        for name in [reference] if reference else list_references():
            reference_audit = audit_reference(name, portal().chain, portal().settings)
            codes = [difference.code for difference in reference_audit.differences]
            if reference and not (reference_audit.is_known or codes):
                raise click.ClickException(f"Nothing is known of the reference {reference}.")
            checked += 1
            unread += reference_audit.is_chain_configured and reference_audit.on_chain is None
            differing += bool(codes)
            if as_json:
                click.echo(json.dumps({"orderReference": name, "differences": codes}))
            elif codes:
                click.echo(f"{name}: {', '.join(codes)}")
    if not as_json:
        click.echo(f"Checked {checked} references, {differing} with differences.")
        if not portal().chain.configured:
            click.echo("No blockchain is configured: nothing was compared with it.")
        elif unread:
            click.echo(
                f"The chain could not be read for {unread} references: they were not compared with it."
            )
    if differing:
        raise SystemExit(1)
