"""`flask version`: the version of the portal."""

from __future__ import annotations

import click

from portal import __version__


@click.command()
def version() -> None:
    """Print the version of the portal."""
    click.echo(__version__)
