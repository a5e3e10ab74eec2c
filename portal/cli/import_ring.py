"""`flask import-ring`: import the ledgers of a Ring deployment; it can be repeated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from portal.cli.common import FilePath, PortalCommand, database_session, portal
from portal.flows.ring_import.import_ring import TableReport, import_ring
from portal.flows.ring_import.people import list_vendor_ids
from portal.flows.ring_import.source import SourceUnusable, open_source

_SOME_REFUSED = 2
_SHOWN = 5
_FILE = FilePath(dir_okay=False, path_type=Path)


@click.command("import-ring", cls=PortalCommand)
@click.argument("database_url")
@click.option("--dry-run", is_flag=True, help="Report without importing.")
@click.option(
    "--vendor",
    "vendors",
    multiple=True,
    metavar="OLD=ID",
    help="Map a vendor of the source to an existing one; repeatable.",
)
@click.option(
    "--report",
    "report_file",
    type=FilePath(dir_okay=False, path_type=Path),
    help="Write all refused rows as JSON.",
)
def import_ring_command(
    database_url: str, dry_run: bool, vendors: tuple[str, ...], report_file: Path | None
) -> None:
    """Import codes, rewards, settlements and assists of the Ring deployment at DATABASE_URL (docs/import.md).

    Existing rows are not changed. Exit status 2: some rows were refused, each with a reason.
    """
    running = portal()
    try:
        with database_session(), open_source(database_url) as source:
            reports = import_ring(
                source,
                running.chain,
                running.settings,
                vendors=_vendors(vendors),
                is_dry=dry_run,
                on_progress=_show_progress,
            )
    except SourceUnusable as error:
        raise click.ClickException(str(error)) from None
    for report in reports:
        _show_report(report)
    if dry_run:
        click.echo("Dry run: nothing was imported.")
    if report_file:
        _write_report(report_file, reports)
    if any(report.refused for report in reports):
        raise SystemExit(_SOME_REFUSED)


def _write_report(path: Path, reports: Sequence[TableReport]) -> None:
    text = json.dumps([_as_json(report) for report in reports], indent=1, ensure_ascii=False)
    try:
        path.write_text(text)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None


def _vendors(pairs: tuple[str, ...]) -> dict[str, int]:
    vendor_ids, vendors = list_vendor_ids(), {}
    for pair in pairs:
        old, _, new = pair.rpartition("=")
        if not old or not (new.isascii() and new.isdecimal()) or int(new) not in vendor_ids:
            raise click.ClickException(
                f"--vendor {pair}: use OLD=ID, with the id of a vendor of this portal."
            )
        vendors[old] = int(new)
    return vendors


def _show_progress(report: TableReport) -> None:
    click.echo(f"{report.table}: {report.done} of {report.total}")


def _show_report(report: TableReport) -> None:
    if report.total is None:
        click.echo(f"{report.table}: not found")
        return
    click.echo(
        f"{report.table}: {report.imported} imported, {report.present} already present, {len(report.refused)} refused"
    )
    for name, reason in report.refused[:_SHOWN]:
        click.echo(f"  refused {name}: {reason}")
    for reason, count in sorted(report.reasons().items()):
        click.echo(f"  {count} x {reason}")
    for name, note in report.notes[:_SHOWN]:
        click.echo(f"  note    {name}: {note}")


def _as_json(report: TableReport) -> dict[str, object]:
    return {
        "table": report.table,
        "imported": report.imported,
        "present": report.present,
        "refused": [{"row": name, "reason": reason} for name, reason in report.refused],
        "notes": [{"row": name, "note": note} for name, note in report.notes],
    }
