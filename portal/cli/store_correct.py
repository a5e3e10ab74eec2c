"""`flask store correct`: take an amount off what a store reported by mistake."""

from __future__ import annotations

import hashlib

import click

from portal.cli.common import PortalCommand, database_session
from portal.db import Actor
from portal.flows.refunds.request_refund import correct_report
from portal.lib.money import major_text


@click.command(cls=PortalCommand)
@click.argument("reference", metavar="ORDER_REFERENCE")
@click.argument("amount")
@click.option("--reason", required=True, help="Why; stored in the event log.")
def correct(reference: str, amount: str, reason: str) -> None:
    """Take AMOUNT, or `all`, off what a store reported as paid. Settlements and rewards are reduced; no money moves.

    For a report that was too low, or made at a wrong percent, see docs/rules/refunds.md.

    The same order, amount and reason again changes nothing, so a loop over many orders may be repeated.
    """
    typed = "" if amount == "all" else amount
    request_id = hashlib.sha256("\0".join((reference, amount, reason)).encode()).hexdigest()
    with database_session():
        refund = correct_report(reference, typed, reason, request_id, Actor("command:store"))
    click.echo(f"{major_text(refund.amount_minor, refund.currency)} {refund.currency} taken off {reference}.")
