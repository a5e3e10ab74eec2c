"""`flask backup create|verify|restore`: back-ups of the database. See docs/operations.md."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import click

from portal.cli.common import FilePath, PortalGroup
from portal.db.backup import Manifest, create_backup, read_backup, restore_backup
from portal.db.connection import current_url
from portal.db.migrations import migration_status
from portal.flows.backup.verify_backup import verify_backup
from portal.lib.folders import PROGRAM

_FILE = FilePath(path_type=Path)
_DUMP = FilePath(path_type=Path, exists=True, dir_okay=False)


@click.group(cls=PortalGroup)
def backup() -> None:
    """Create, verify and restore backups of the database."""


@backup.command()
@click.argument("path", metavar="FILE|FOLDER", type=_FILE)
def create(path: Path) -> None:
    """Write a dump to FILE, or to a new file in FOLDER, and its manifest to FILE.json.

    The portal can keep running.
    """
    if path.is_dir():
        path /= f"portal-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
    manifest = create_backup(current_url(), path, click.echo)
    click.echo(f"Wrote {path}: {_summary(manifest)}")


@backup.command()
@click.argument("path", metavar="FILE", type=_DUMP)
@click.option(
    "--into", default="", metavar="URL", help="Restore into this empty database instead, and keep it."
)
def verify(path: Path, into: str) -> None:
    """Restore FILE into a scratch database, compare it with the manifest, check the invariants, and drop it."""
    # yoyo reports every statement.
    logging.getLogger("yoyo").setLevel(logging.WARNING)
    manifest = verify_backup(path, current_url(), into, click.echo)
    click.echo(f"{path} is complete: {_summary(manifest)}")


@backup.command()
@click.argument("path", metavar="FILE", type=_DUMP)
@click.option("--replace", default="", metavar="NAME", help="Remove everything in the database NAME first.")
def restore(path: Path, replace: str) -> None:
    """Restore FILE into the database of DATABASE_URL, empty or named with --replace. Stop the portal first."""
    click.echo("Comparing the dump with its manifest")
    manifest = read_backup(path)
    click.echo(f"Restoring {manifest.size} bytes")
    restore_backup(path, manifest, current_url(), replace=replace)
    click.echo(f"Restored {path}: {_summary(manifest)}")
    if not all(is_applied for _, is_applied in migration_status(current_url())):
        click.echo(f"It is older than this version: run `{PROGRAM} db migrate` before you start the portal.")
    click.echo("Minting and payouts compare the history of the chain before they send anything.")


def _summary(manifest: Manifest) -> str:
    rows = sum(manifest.contents.rows.values())
    return (
        f"{manifest.size} bytes, {rows} rows in {len(manifest.contents.rows)} tables,"
        f" version {manifest.version}, {manifest.created_at}."
    )
