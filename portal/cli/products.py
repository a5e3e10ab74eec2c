"""`flask product`: import products from a CSV file."""

from __future__ import annotations

from pathlib import Path

import click

from portal.catalogue import (
    CREATE,
    check_again,
    count_outcomes,
    create_import,
    decode_csv,
    discard_import,
    iterate_rows,
)
from portal.cli.common import FilePath, PortalGroup, database_session, portal
from portal.commissions import get_vendor
from portal.db import Actor
from portal.flows.catalogue.import_products import ImportOutdated, confirm_import, work_on_batch
from portal.web.text.messages import text_of_stored

ACTOR = Actor("command:product")
_SOME_REFUSED = 2


@click.group(cls=PortalGroup)
def product() -> None:
    """Import products."""


@product.command("import")
@click.argument("file", type=FilePath(exists=True, dir_okay=False, path_type=Path))
@click.option("--vendor", type=int, help="Id of the vendor of every row; default: the column vendor_id.")
@click.option("--dry-run", is_flag=True, help="Show what each row would do without changing anything.")
def import_command(file: Path, vendor: int | None, dry_run: bool) -> None:
    """Create and change products from a CSV file (docs/catalogue.md).

    Exit status 2: some rows were refused, each with a reason.
    """
    with database_session():
        if vendor is not None:
            get_vendor(vendor)
        text = decode_csv(file.read_bytes())
        import_id = create_import(text, file.name, ACTOR, vendor_ids=None, vendor_id=vendor)
        _finish(import_id)
        if dry_run:
            _show(import_id, every=True)
            discard_import(import_id, ACTOR)
            click.echo("Dry run: nothing was imported.")
        elif count_outcomes(import_id).keys() & {CREATE, "change"}:
            _confirm(import_id)
            _finish(import_id)
            _show(import_id, every=False)
        else:
            _show(import_id, every=False)
            discard_import(import_id, ACTOR)
        counts = count_outcomes(import_id)
    click.echo(", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())))
    if counts.keys() & {"error", "conflict"}:
        raise SystemExit(_SOME_REFUSED)


def _finish(import_id: int) -> None:
    """Work until the rows are checked or applied; a running portal may take batches of them too."""
    while work_on_batch(import_id, portal().settings, ACTOR):
        pass


def _confirm(import_id: int) -> None:
    try:
        confirm_import(import_id, ACTOR)
    except ImportOutdated:
        check_again(import_id, ACTOR)
        _finish(import_id)
        confirm_import(import_id, ACTOR)


def _show(import_id: int, *, every: bool) -> None:
    for row in iterate_rows(import_id):
        if row.error:
            column = f"{row.error['field']}: " if row.error["field"] else ""
            reason = text_of_stored(row.error["code"], row.error["params"])
            click.echo(f"row {row.number}  {row.slug}  error  {column}{reason}")
        elif every or row.outcome == "conflict":
            changes = " ".join(f"{name}={text!r}" for name, text in row.after_values.items() if text)
            click.echo(f"row {row.number}  {row.slug}  {row.outcome}  {changes}".rstrip())
