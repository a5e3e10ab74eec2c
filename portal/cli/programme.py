"""`flask programme`: the rules in force, and what other rules would have given."""

from __future__ import annotations

import json
from pathlib import Path

import click
from pydantic import ValidationError

from portal.chain.contract.rewards import TOKEN_DECIMALS
from portal.chain.contract.token import tokens_text
from portal.cli.applications import applications, approve_command, reject_command
from portal.cli.common import FilePath, PortalGroup, database_session
from portal.flows.programme.preview import preview_rules
from portal.lib.clock import utc_now, utc_today
from portal.programme import ProgrammeRules, find_version_at, list_campaigns_since
from portal.rewards import budget_used, campaign_scope, month_scope
from portal.runtime import current_portal


@click.group(cls=PortalGroup)
def programme() -> None:
    """Show the rules of the programme and decide on applications."""


for _command in (applications, approve_command, reject_command):
    programme.add_command(_command)


@programme.command("show")
def show() -> None:
    """Print the version in force, the running and planned campaigns, and what is used of the budgets, as JSON."""
    with database_session():
        version = find_version_at(utc_now())
        answer = {
            "version": version.id if version else None,
            "startsAt": version.starts_at.isoformat() if version else None,
            "endsAt": version.ends_at.isoformat() if version and version.ends_at else None,
            "rules": version.rules if version else None,
            "usedThisMonthUsd": f"{budget_used(month_scope(utc_today().replace(day=1))):f}",
            "campaigns": [
                {
                    "id": campaign.id,
                    "name": campaign.name,
                    "percent": f"{campaign.percent:f}",
                    "startsAt": campaign.starts_at.isoformat(),
                    "endsAt": campaign.ends_at.isoformat(),
                    "usedUsd": f"{budget_used(campaign_scope(campaign.id)):f}",
                }
                for campaign in list_campaigns_since(utc_now())
            ],
        }
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


@programme.command("preview")
@click.argument("rules_file", type=FilePath(exists=True, dir_okay=False, path_type=Path))
def preview(rules_file: Path) -> None:
    """Print what other rules would have given for the last orders. FILE is JSON in the form of `programme show`."""
    try:
        rules = ProgrammeRules.model_validate(json.loads(rules_file.read_text(encoding="utf-8")))
    except (ValidationError, ValueError) as error:
        raise click.ClickException(f"{rules_file} has no rules of the programme: {error}") from error
    with database_session():
        result = preview_rules(rules, current_portal().settings)
    tokens = tokens_text(result.difference_wei, TOKEN_DECIMALS)
    click.echo(
        f"{result.orders} orders, {result.changed} of them with another reward: {tokens} tokens and"
        f" {result.difference_usd:f} USD more in all."
    )
