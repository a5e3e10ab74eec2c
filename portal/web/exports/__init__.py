"""Every ledger as CSV and XLSX, from one list of descriptions. See docs/exports.md.

A new ledger is one entry in a list that LEDGERS joins: its route, both formats, its access and its line on the
admin's page follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from portal.db import Keyset
from portal.web.admin.audit.section import audit_nav
from portal.web.core.access import for_role, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.fresh_reads import lagging_reads
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.exports import files
from portal.web.exports.arguments import PERIOD, Arguments, read_period
from portal.web.exports.ledger import Ledger
from portal.web.exports.ledgers import LEDGERS
from portal.web.exports.writing import Written, whole_file, write_pieces

__all__ = ["LEDGERS", "blueprint"]

# The first bytes of a CSV file wait for so many rows.
_CSV_ROWS = 500

blueprint = Blueprint("exports", __name__)


@blueprint.get("/admin/ledgers")
@for_role("admin")
def ledgers() -> ResponseReturnValue:
    """List every ledger an admin may download, for a period where one is chosen."""
    typed = {name: request.args.get(name, "").strip()[:200] for name in PERIOD}
    errors: dict[str, str] = {}
    read_period(typed, errors)
    rows = [(ledger.name, *ledger.words()) for ledger in LEDGERS if ledger.words]
    return render_template(
        "exports/ledgers.html",
        rows=rows,
        section_nav=audit_nav(),
        typed=typed,
        errors=errors,
        form_errors=list(errors.items()),
        chosen={name: value for name, value in typed.items() if value and name not in errors},
    )


@blueprint.get("/exports")
@signed_in()
def my_files() -> ResponseReturnValue:
    """Show the files that the signed-in person asked for."""
    return files.my_files()


@blueprint.get("/exports/new/<name>.<any(csv,xlsx):kind>")
@signed_in()
def prepare(name: str, kind: str) -> ResponseReturnValue:
    """Offer to prepare the file of a long ledger."""
    return files.prepare_page(name, kind)


@blueprint.post("/exports/new/<name>.<any(csv,xlsx):kind>")
@signed_in()
@limit_account("exports")
def ask(name: str, kind: str) -> ResponseReturnValue:
    """Ask for a file."""
    return files.ask(name, kind)


@blueprint.get("/exports/<int:export_id>/file")
@signed_in()
@limit_account("exports")
def download(export_id: int) -> ResponseReturnValue:
    """Download a file that is ready."""
    return files.download(export_id)


@blueprint.post("/exports/<int:export_id>/delete")
@signed_in()
def delete(export_id: int) -> ResponseReturnValue:
    """Delete a file."""
    return files.delete(export_id)


@blueprint.app_template_global()
def ledger_url(name: str, form: str, **arguments: Any) -> str:
    """Return the address of a ledger in a form, `csv` or `xlsx`."""
    return url_for(f"exports.{name}", form=form, **arguments)


@limit_account("exports")
def _download(ledger: Ledger, form: str, place: dict[str, Any]) -> ResponseReturnValue:
    arguments = Arguments({**request.args.to_dict(), **place}, current_user().id)
    name = ledger.file_name(form, arguments, datetime.now(UTC))
    with lagging_reads():
        rows = ledger.rows(arguments)
        if form == "csv":
            pieces = (piece.content for piece in write_pieces(ledger, form, rows, _CSV_ROWS))
            # An error before the first piece gets an error page.
            content: Iterable[bytes] = _resumed(next(pieces), pieces)
            return files.file_response(form, name, stream_with_context(iter(content)))
        if rows.is_longer_than(files.XLSX_ROWS):
            return redirect(files.prepare_url("exports.prepare", ledger, form, arguments), 303)
        return files.file_response(form, name, *_whole_workbook(ledger, rows))


def _resumed(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    piece: bytes | None = first
    while piece is not None:
        yield piece
        # Between two pieces other requests use this thread's connection.
        with lagging_reads():
            piece = next(rest, None)


def _whole_workbook(ledger: Ledger, rows: Keyset[Any]) -> tuple[Iterable[bytes], int]:
    """Return a short workbook, which is complete before it is sent, and its size."""
    pieces = list(write_pieces(ledger, "xlsx", rows))
    written = Written(0, pieces[-1].content_bytes, pieces[-1].content_crc)
    contents = [piece.content for piece in pieces]
    size, content = whole_file(ledger, "xlsx", written, sum(map(len, contents)), contents)
    return content, size


def _register(ledger: Ledger) -> None:
    """Give a ledger its route: the address with a dot and the form."""

    def fetch(form: str, **place: Any) -> ResponseReturnValue:
        answer: ResponseReturnValue = _download(ledger, form, place)
        return answer

    declare = signed_in() if ledger.audience == "signed_in" else for_role(ledger.audience)
    blueprint.add_url_rule(f"{ledger.address}.<any(csv,xlsx):form>", ledger.name, declare(fetch))


for _ledger in LEDGERS:
    _register(_ledger)
