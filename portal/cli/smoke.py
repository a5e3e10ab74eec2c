"""`flask smoke`: exercise the main flows on a live database and clean up."""

from __future__ import annotations

from collections.abc import Callable

import click

from portal.cli.common import PortalCommand, database_session, portal, sentence
from portal.cli.smoke_http import smoke_http
from portal.flows.smoke.erp import smoke_erp
from portal.flows.smoke.growth import smoke_growth
from portal.flows.smoke.steps import SmokeFailed, Steps
from portal.lib.errors import PortalError

_FAILED, _NOT_ALL = 1, 2


@click.command(cls=PortalCommand)
@click.argument("which", type=click.Choice(["erp", "growth", "http", "all"]), default="all")
@click.option("--url", default="", help="Portal address for http; default APP_URL.")
@click.option("--timeout", default=600, show_default=True, help="Seconds growth waits for the mint.")
def smoke(which: str, url: str, timeout: int) -> None:
    """Check erp (a sale and both ledgers), growth (a membership up to a real mint) or http; default all.

    Exit status 0: all checks passed. 1: a check failed. 2: no check failed, but some were skipped.
    """
    running = portal()
    checks: dict[str, Callable[[Steps], None]] = {
        "erp": lambda steps: smoke_erp(running.chain, running.settings, steps),
        "growth": lambda steps: smoke_growth(running.chain, running.settings, steps, seconds=timeout),
        "http": lambda steps: smoke_http(
            url or running.settings.app_url, running.chain, running.settings, steps
        ),
    }
    results = [_run(name, check) for name, check in checks.items() if which in (name, "all")]
    if any(results):
        raise SystemExit(_FAILED if _FAILED in results else _NOT_ALL)


def _run(name: str, check: Callable[[Steps], None]) -> int:
    steps = Steps(click.echo)
    click.echo(name)
    problem = ""
    try:
        with database_session():
            check(steps)
    except SmokeFailed as failure:
        problem = str(failure)
    except PortalError as error:
        problem = sentence(error)
    except click.ClickException as error:
        problem = error.message
    if problem:
        click.echo(f"  FAIL  {problem}")
    for what in steps.left:
        click.echo(f"  remains {what}")
    return _FAILED if problem else _NOT_ALL if steps.skipped else 0
