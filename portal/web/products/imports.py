"""Import products from a CSV file: what every row would do, then a confirmation, then a job that a page follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import (
    COLUMNS,
    CSV_MOST_BYTES,
    CsvUnreadable,
    CsvVendorInvalid,
    ImportStatus,
    check_again,
    count_outcomes,
    create_import,
    decode_csv,
    get_import_of,
    page_of_imports,
    page_of_rows,
)
from portal.flows.catalogue.import_products import ImportOutdated, confirm_import
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.requests import is_htmx
from portal.web.products.desk import Desk
from portal.web.text.format import When, when
from portal.web.text.messages import error_text, text_of_stored
from portal.web.text.translate import gettext as _
from portal.web.text.translate import pgettext

if TYPE_CHECKING:
    from models import ProductImport, ProductImportRow

OUTCOMES = ("create", "change", "unchanged", "error", "created", "changed", "conflict")


@dataclass(frozen=True, slots=True)
class ImportView:
    """An import with its status in words."""

    id: int
    file_name: str
    moment: When
    status: str
    status_words: str
    done: int
    total: int
    is_running: bool


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One column that changes, before and after."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the file and what it does."""

    number: int
    slug: str
    product_id: int | None
    outcome: str
    outcome_words: str
    changes: tuple[ChangeView, ...]
    error: str


def imports(desk: Desk) -> ResponseReturnValue:
    """Show the form for a file and the earlier imports."""
    return _imports_page(desk)


def start_import(desk: Desk) -> ResponseReturnValue:
    """Store the file and go to its preview, which a job makes."""
    file, chosen = request.files.get("file"), request.form.get("vendor", "")
    try:
        vendor_id = desk.chosen_vendor(chosen)
        if chosen and vendor_id is None:
            raise CsvVendorInvalid(field="vendor")
        if not file or not file.filename:
            raise CsvUnreadable(field="file", reason="missing")
        import_id = create_import(
            decode_csv(file.read(CSV_MOST_BYTES + 1)),
            file.filename,
            desk.actor(),
            vendor_ids=desk.vendor_ids(),
            vendor_id=vendor_id,
        )
    except PortalError as error:
        return _imports_page(desk, chosen, {error.field or "file": error_text(error)}), status_of(error)
    current_portal().wake("import_products")
    return redirect(desk.url("show_import", import_id=import_id), 303)


def show_import(desk: Desk, import_id: int) -> ResponseReturnValue:
    """Show what each row would do, or did; the page polls only while rows are being checked or applied."""
    return _import_page(desk, import_id)


def confirm(desk: Desk, import_id: int) -> ResponseReturnValue:
    """Apply what was previewed; nothing is applied where a product has changed since."""
    _get(desk, import_id)
    try:
        confirm_import(import_id, desk.actor())
    except ImportOutdated as error:
        return _import_page(desk, import_id, error_text(error)), status_of(error)
    current_portal().wake("import_products")
    return redirect(desk.url("show_import", import_id=import_id), 303)


def recheck(desk: Desk, import_id: int) -> ResponseReturnValue:
    """Make the preview again from the file and the products as they are now."""
    _get(desk, import_id)
    check_again(import_id, desk.actor())
    current_portal().wake("import_products")
    return redirect(desk.url("show_import", import_id=import_id), 303)


def _get(desk: Desk, import_id: int) -> ProductImport:
    return get_import_of(import_id, None if desk.role == "admin" else current_user().id)


def _import_page(desk: Desk, import_id: int, outdated: str | None = None) -> str:
    job = _get(desk, import_id)
    outcome = request.args.get("outcome", "")
    page = page_of_rows(import_id, outcome if outcome in OUTCOMES else "", request.args.get("cursor"))
    counts, words = count_outcomes(import_id), outcome_words()
    return render_template(
        "products/_import.html" if is_htmx() else "products/import.html",
        desk=desk,
        job=_view(job),
        counts=[(each, words[each], counts[each]) for each in OUTCOMES if each in counts],
        can_confirm=job.status == ImportStatus.READY and bool(counts.keys() & {"create", "change"}),
        is_ready=job.status == ImportStatus.READY,
        outdated=outdated,
        outcome=outcome,
        rows=[_row(row, words) for row in page.rows],
        next_cursor=page.next_cursor,
    )


def _imports_page(desk: Desk, vendor: str = "", errors: dict[str, str] | None = None) -> str:
    page = page_of_imports(None if desk.role == "admin" else current_user().id, request.args.get("cursor"))
    own = desk.vendor_ids()
    first = _("Use the vendor_id column") if own is None or len(own) > 1 else None
    return render_template(
        "products/imports.html",
        desk=desk,
        vendor=desk.vendor_field(vendor, first),
        has_vendors=desk.has_vendors(),
        columns=COLUMNS,
        errors=errors or {},
        form_errors=list((errors or {}).items()),
        jobs=[_view(job) for job in page.rows],
        next_cursor=page.next_cursor,
    )


def outcome_words() -> dict[str, str]:
    """Return what a row does, or did, in words."""
    return {
        "create": pgettext("product", "New"),
        "change": _("Changes"),
        "unchanged": _("Unchanged"),
        "error": _("Error"),
        "created": _("Created"),
        "changed": _("Changed"),
        "conflict": _("Not changed"),
    }


def _view(job: ProductImport) -> ImportView:
    words = {
        ImportStatus.CHECKING: _("Being checked"),
        ImportStatus.READY: _("Waiting for your confirmation"),
        ImportStatus.APPLYING: _("Being imported"),
        ImportStatus.FINISHED: _("Finished"),
        ImportStatus.EXPIRED: _("Not confirmed"),
    }
    return ImportView(
        id=job.id,
        file_name=job.file_name,
        moment=when(job.created_at),
        status=job.status,
        status_words=words[ImportStatus(job.status)],
        done=job.done,
        total=job.total,
        is_running=job.status in (ImportStatus.CHECKING, ImportStatus.APPLYING),
    )


def _row(row: ProductImportRow, words: dict[str, str]) -> RowView:
    before, after = row.before_values, row.after_values
    columns = [name for name in COLUMNS if after.get(name) or name in before]
    error = _("The product changed after the preview.") if row.outcome == "conflict" else ""
    if row.error:
        column = f"{row.error['field']}: " if row.error["field"] else ""
        error = f"{column}{text_of_stored(row.error['code'], row.error['params'])}"
    return RowView(
        number=row.number,
        slug=row.slug,
        product_id=row.product_id,
        outcome=row.outcome,
        outcome_words=words[row.outcome],
        changes=tuple(ChangeView(name, before.get(name, ""), after[name]) for name in columns),
        error=error,
    )
