"""The files that a person asked for: how far each is, its download, and the page that asks for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, redirect, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from portal.db import Actor
from portal.exports import (
    KEPT_HOURS,
    ExportStatus,
    ExportUnknown,
    TooManyExports,
    delete_export,
    get_export_of,
    iterate_pieces,
    list_exports,
    record_download,
    request_export,
)
from portal.runtime import current_portal
from portal.web.core.access import RoleRequired
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.requests import is_htmx
from portal.web.core.urls import url_for
from portal.web.exports import csv_file, xlsx_file
from portal.web.exports.arguments import Arguments
from portal.web.exports.ledger import Ledger
from portal.web.exports.ledgers import LedgerUnknown, ledger_for
from portal.web.exports.writing import LedgerTooLong, Written, whole_file
from portal.web.text.format import When, number, when
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Export

# A longer workbook is prepared by a job; CSV is sent while it is read, so its length does not matter.
XLSX_ROWS = 10_000
_MIMETYPES = {"csv": csv_file.MIMETYPE, "xlsx": xlsx_file.MIMETYPE}


@dataclass(frozen=True, slots=True)
class FileView:
    """A file that is prepared, ready or failed; `failure` is why in words, `kept_until` is None until it is ready."""

    id: int
    name: str
    status: str
    progress: str
    done: int
    total: int | None
    asked: When
    kept_until: When | None
    failure: str


def my_files(error: TooManyExports | None = None) -> ResponseReturnValue:
    """Show the files of the signed-in person; the page polls only while one is prepared."""
    files = [_view(each) for each in list_exports(current_user().id)]
    page = render_template(
        "exports/_files.html" if is_htmx() else "exports/files.html",
        files=files,
        is_running=any(file.status == ExportStatus.PREPARING for file in files),
        form_errors=[("", error_text(error))] if error else [],
    )
    return page, status_of(error) if error else 200


def prepare_page(name: str, form: str) -> ResponseReturnValue:
    """Explain that a long ledger is prepared in the background, and offer both forms."""
    ledger, arguments = _wanted(name)
    ledger.rows(arguments)
    return render_template(
        "exports/prepare.html",
        file=f"{ledger.name}.{form}",
        urls={each: prepare_url("exports.ask", ledger, each, arguments) for each in _MIMETYPES},
        csv_url=_with_query(
            url_for(f"exports.{ledger.name}", form="csv", **path_of(ledger, arguments)), arguments
        ),
        at_most=number(XLSX_ROWS),
        hours=KEPT_HOURS,
    )


def prepare_url(endpoint: str, ledger: Ledger, form: str, arguments: Arguments) -> str:
    """Return the address that offers, or asks for, a file with these rows."""
    return _with_query(url_for(endpoint, name=ledger.name, kind=form), arguments)


def _with_query(url: str, arguments: Arguments) -> str:
    # Not by url_for, which reads some names of a query as its own.
    return f"{url}?{urlencode(arguments)}" if arguments else url


def ask(name: str, form: str) -> ResponseReturnValue:
    """Let a job prepare a file."""
    ledger, arguments = _wanted(name)
    ledger.rows(arguments)
    try:
        request_export(current_user().id, ledger.name, form, dict(arguments))
    except TooManyExports as error:
        return my_files(error)
    current_portal().wake("prepare_exports")
    return redirect(url_for("exports.my_files"), 303)


def download(export_id: int) -> Response:
    """Send a file that is ready, to the person who asked for it and still has the role."""
    user = current_user()
    export = get_export_of(export_id, user.id)
    ledger = ledger_for(export.ledger, user.role)
    if export.status != ExportStatus.READY:
        raise ExportUnknown
    record_download(export.id, Actor.user(user.id))
    written = Written(export.done, export.content_bytes, export.content_crc)
    size, content = whole_file(ledger, export.form, written, export.stored_bytes, iterate_pieces(export))
    name = ledger.file_name(export.form, export.arguments, export.created_at)
    return file_response(export.form, name, stream_with_context(iter(content)), size)


def delete(export_id: int) -> ResponseReturnValue:
    """Delete a file of the signed-in person before its time."""
    user = current_user()
    delete_export(get_export_of(export_id, user.id).id, Actor.user(user.id))
    return redirect(url_for("exports.my_files"), 303)


def file_response(
    form: str, name: str, content: Iterable[str] | Iterable[bytes], size: int | None = None
) -> Response:
    """Return a response that is a file to save and that no cache keeps; `size` in bytes where it is known."""
    answer = Response(content, mimetype=_MIMETYPES[form])
    if size is not None:
        answer.content_length = size
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wanted(name: str) -> tuple[Ledger, Arguments]:
    """Return a ledger and the rows that the query selects; raise LedgerUnknown or RoleRequired."""
    user = current_user()
    ledger = ledger_for(name, user.role)
    query = request.args.to_dict()
    return ledger, Arguments({**query, **path_of(ledger, query)}, user.id)


def path_of(ledger: Ledger, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the ids that the address of a ledger names; raise LedgerUnknown where the query has none."""
    try:
        return dict(ledger.read_path(query))
    except (KeyError, ValueError):
        raise LedgerUnknown from None


def _view(export: Export) -> FileView:
    total = export.total
    is_ready = export.status == ExportStatus.READY
    return FileView(
        id=export.id,
        name=f"{export.ledger}.{export.form}",
        status=export.status,
        progress=""
        if total is None
        else _("%(done)s of %(total)s", done=number(export.done), total=number(total)),
        done=export.done,
        total=total,
        asked=when(export.created_at),
        kept_until=when(export.finished_at + timedelta(hours=KEPT_HOURS)) if is_ready else None,
        failure=_failure_text(export.failure) if export.failure else "",
    )


def _failure_text(code: str) -> str:
    if code == LedgerTooLong.code:
        return error_text(LedgerTooLong(at_most=xlsx_file.SHEET_ROWS))
    if code == RoleRequired.code:
        return _("Your role no longer allows access to this file.")
    return _("The file cannot be prepared any more. Choose its filters again.")
