"""Store imports of products with the plan of every row, so that a page can follow them after a restart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any

from models import Product, ProductImport, ProductImportRow
from portal.catalogue.csv_rules import CHANGE, CREATE, Plan, read_rows
from portal.catalogue.product_operations import lock_product_of_vendors
from portal.catalogue.status_rules import TRANSITIONS, ImportStatus
from portal.db import Actor, Keyset, Page, move_status, query, record_event, transaction
from portal.lib.errors import PortalError

ROWS_PAGE = 100
IMPORTS_PAGE = 20
EXPIRE_DAYS = 7
PLANNED = (CREATE, CHANGE)


class ProductImportUnknown(PortalError):
    """There is no import with this id that the person may see."""

    code = "product_import_unknown"


class NothingToImport(PortalError):
    """No row of the import would change anything."""

    code = "nothing_to_import"


def create_import(
    text: str, file_name: str, actor: Actor, *, vendor_ids: Collection[int] | None, vendor_id: int | None
) -> int:
    """Store a file to check and return the id of its import; raise what `read_rows` raises."""
    total = len(read_rows(text))
    with transaction():
        import_id: int = ProductImport.insert(
            requested_by=actor.user_id,
            vendor_ids=None if vendor_ids is None else list(vendor_ids),
            vendor_id=vendor_id,
            file_name=file_name[:200],
            content=text,
            total=total,
        ).execute()
        record_event(actor, "product_import", import_id, "product_import_requested", data={"rows": total})
    return import_id


def get_import_of(import_id: int, user_id: int | None) -> ProductImport:
    """Return an import that an account requested, of anyone for None; raise ProductImportUnknown."""
    found: ProductImport | None = ProductImport.get_or_none(ProductImport.id == import_id)
    if found is None or (user_id is not None and found.requested_by != user_id):
        raise ProductImportUnknown
    return found


def lock_import(import_id: int) -> ProductImport:
    """Return an import, locked until the transaction ends."""
    locked: ProductImport = ProductImport.select().where(ProductImport.id == import_id).for_update().get()
    return locked


def list_open_imports() -> list[int]:
    """Return the ids of the imports that have rows to check or to apply, oldest first."""
    open_statuses = (ImportStatus.CHECKING, ImportStatus.APPLYING)
    rows = ProductImport.select(ProductImport.id).where(ProductImport.status.in_(open_statuses))
    return [row.id for row in rows.order_by(ProductImport.id)]


def page_of_imports(user_id: int | None, cursor: str | None = None) -> Page[ProductImport]:
    """Return a page of the imports of an account, of everyone for None, newest first; raise CursorInvalid."""
    rows = ProductImport.select()
    if user_id is not None:
        rows = rows.where(ProductImport.requested_by == user_id)
    newest_first: Keyset[ProductImport] = Keyset(rows, ProductImport.id)
    return newest_first.page(cursor, IMPORTS_PAGE)


def page_of_rows(import_id: int, outcome: str, cursor: str | None = None) -> Page[ProductImportRow]:
    """Return a page of the rows of an import, of one outcome unless empty, in the order of the file."""
    rows = ProductImportRow.select().where(ProductImportRow.import_id == import_id)
    if outcome:
        rows = rows.where(ProductImportRow.outcome == outcome)
    in_order: Keyset[ProductImportRow] = Keyset(rows, ProductImportRow.number, ascending=True)
    return in_order.page(cursor, ROWS_PAGE)


def iterate_rows(import_id: int) -> Iterator[ProductImportRow]:
    """Return every row of an import in the order of the file."""
    rows = ProductImportRow.select().where(ProductImportRow.import_id == import_id)
    in_order: Keyset[ProductImportRow] = Keyset(rows, ProductImportRow.number, ascending=True)
    return iter(in_order)


def count_outcomes(import_id: int) -> dict[str, int]:
    """Return the number of rows of an import by outcome."""
    sql = "SELECT outcome, count(*) FROM product_import_rows WHERE import_id = %s GROUP BY outcome"
    return dict(query(sql, [import_id]))


def products_by_slug(slugs: Iterable[str]) -> dict[str, Product]:
    """Return the products of these slugs, of every vendor, archived ones included."""
    return {row.slug: row for row in Product.select().where(Product.slug.in_(list(slugs)))}


def save_plans(job: ProductImport, plans: Iterable[tuple[int, Plan]], actor: Actor) -> None:
    """Store the plans of the next rows, by their numbers; after the last one the import is ready."""
    rows = [
        {
            "import_id": job.id,
            "number": number,
            "slug": plan.slug,
            "outcome": plan.outcome,
            "product_id": plan.product_id,
            "before_values": plan.before,
            "after_values": plan.after,
            "error": _as_json(plan.error) if plan.error else None,
        }
        for number, plan in plans
    ]
    ProductImportRow.insert_many(rows).execute()
    done = job.done + len(rows)
    ProductImport.update(done=done).where(ProductImport.id == job.id).execute()
    if done == job.total:
        move_status(ProductImport, job.id, TRANSITIONS["offer"], entity="product_import", actor=actor)


def list_planned_rows(import_id: int, limit: int | None = None) -> list[ProductImportRow]:
    """Return the rows of an import that are to be applied, in the order of the file, all without a limit."""
    rows = ProductImportRow.select().where(
        (ProductImportRow.import_id == import_id) & ProductImportRow.outcome.in_(PLANNED)
    )
    return list(rows.order_by(ProductImportRow.number).limit(limit))


def save_outcome(row: ProductImportRow, outcome: str, error: PortalError | None = None) -> None:
    """Record what became of a row that was to be applied."""
    values = {"outcome": outcome, "error": _as_json(error) if error else None}
    same = (ProductImportRow.import_id == row.import_id) & (ProductImportRow.number == row.number)
    ProductImportRow.update(values).where(same).execute()
    ProductImport.update(done=ProductImport.done + 1).where(ProductImport.id == row.import_id).execute()


def begin_applying(import_id: int, actor: Actor) -> bool:
    """Confirm an import and return whether it was ready; raise NothingToImport."""
    counts = count_outcomes(import_id)
    planned = sum(counts.get(outcome, 0) for outcome in PLANNED)
    if not planned:
        raise NothingToImport
    return _move(import_id, "confirm", actor, done=0, total=planned)


def check_again(import_id: int, actor: Actor) -> bool:
    """Check the rows of an import again and return whether it was ready."""
    with transaction():
        job = lock_import(import_id)
        ProductImportRow.delete().where(ProductImportRow.import_id == import_id).execute()
        return _move(import_id, "check_again", actor, done=0, total=len(read_rows(job.content or "")))


def finish_import(import_id: int, actor: Actor) -> bool:
    """End an import whose rows are all applied; its file is deleted, its rows stay."""
    return _move(import_id, "finish", actor, content=None, finished_at=_now())


def expire_imports(actor: Actor) -> int:
    """Delete the files of imports that nobody confirmed in time, and return how many."""
    sql = "SELECT id FROM product_imports WHERE content IS NOT NULL AND created_at < now() - make_interval(days => %s)"
    ids = [row[0] for row in query(sql, [EXPIRE_DAYS])]
    return sum(_move(import_id, "expire", actor, content=None, finished_at=_now()) for import_id in ids)


def discard_import(import_id: int, actor: Actor) -> bool:
    """Give an import up that was not confirmed, and return whether it was still open."""
    return _move(import_id, "expire", actor, content=None, finished_at=_now())


def lock_unchanged(row: ProductImportRow, current: Any, vendor_ids: Collection[int] | None) -> Product | None:
    """Return the product of a row, locked, or None where the columns that change are no longer as previewed.

    `current` returns the columns of a product. Stock is a movement, so sales in between do no harm.
    """
    product = lock_product_of_vendors(row.product_id or 0, vendor_ids)
    values = current(product)
    previewed = row.before_values.items()
    return product if all(values[name] == text for name, text in previewed if name != "stock") else None


def _move(import_id: int, transition: str, actor: Actor, **values: Any) -> bool:
    return move_status(
        ProductImport, import_id, TRANSITIONS[transition], entity="product_import", actor=actor, **values
    )


def _now() -> Any:
    return query("SELECT now()")[0][0]


def _as_json(error: PortalError) -> dict[str, Any]:
    """Return an error as it is stored, for a sentence in the language of its reader."""
    params = {
        name: str(value) if isinstance(value, Decimal) else value for name, value in error.params.items()
    }
    return {"code": error.code, "field": error.field, "params": params}
