"""Check and apply imports of products: rows in batches, so that a restart continues where it stopped.

What a row would do is stored when it is checked, and nothing else is done when it is applied. See docs/catalogue.md.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import cache

from models import Product, ProductImport, ProductImportRow
from portal.catalogue import (
    CREATE,
    Importer,
    ImportStatus,
    Plan,
    add_product,
    begin_applying,
    change_product,
    correct_stock,
    expire_imports,
    finish_import,
    list_open_imports,
    list_planned_rows,
    list_vendors_in,
    lock_active_products,
    lock_import,
    lock_unchanged,
    plan_row,
    products_by_slug,
    read_rows,
    row_values,
    save_outcome,
    save_plans,
    slug_of,
    switch_sale,
    values_of,
)
from portal.commissions import check_product_percent, lock_terms, save_product_percent
from portal.db import Actor, transaction, work_through
from portal.lib.errors import InputInvalid, PortalError
from portal.settings import Settings

CHECK_BATCH = 500
APPLY_BATCH = 50
_SECONDS = 30


class ImportOutdated(PortalError):
    """Products have changed since the preview; param total: how many."""

    code = "import_outdated"


def work_on_imports(settings: Settings, actor: Actor) -> int:
    """Check and apply rows of open imports for some seconds; return the number of imports worked on."""
    expire_imports(actor)
    deadline = time.monotonic() + _SECONDS

    def work(import_id: int) -> None:
        while time.monotonic() < deadline and work_on_batch(import_id, settings, actor):
            pass

    return work_through("product_imports", list_open_imports(), str, work)


def work_on_batch(import_id: int, settings: Settings, actor: Actor) -> bool:
    """Check or apply the next rows of an import; return False where there is nothing left to do."""
    with transaction():
        job = lock_import(import_id)
        if job.status == ImportStatus.CHECKING:
            save_plans(job, _plan_batch(job, settings), actor)
            return True
        if job.status != ImportStatus.APPLYING:
            return False
        rows = list_planned_rows(import_id, APPLY_BATCH)
        author = Actor.user(job.requested_by) if job.requested_by else actor
        # In the order of every other path: terms, then products by id.
        lock_terms()
        lock_active_products(row.product_id for row in rows if row.product_id)
        for row in rows:
            _apply_row(job, row, settings, author)
        if len(rows) < APPLY_BATCH:
            finish_import(import_id, author)
    return True


def confirm_import(import_id: int, actor: Actor) -> bool:
    """Let the previewed rows be applied and return whether the import was ready.

    Raises ImportOutdated where a product has changed since the preview, or NothingToImport.
    """
    rows = list_planned_rows(import_id)
    present = products_by_slug(row.slug for row in rows)
    changed = sum(not _is_as_previewed(row, present) for row in rows)
    if changed:
        raise ImportOutdated(total=changed)
    return begin_applying(import_id, actor)


def _is_as_previewed(row: ProductImportRow, present: dict[str, Product]) -> bool:
    product = present.get(row.slug)
    if row.outcome == CREATE or product is None:
        return row.outcome == CREATE and product is None
    values = row_values(product)
    return all(values[name] == text for name, text in row.before_values.items() if name != "stock")


def _plan_batch(job: ProductImport, settings: Settings) -> list[tuple[int, Plan]]:
    rows = read_rows(job.content or "")
    uses = Counter(slug_of(row) for row in rows)
    batch = rows[job.done : job.done + CHECK_BATCH]
    present = products_by_slug(slug_of(row) for row in batch)
    importer = Importer(
        vendor_ids=frozenset(vendor.id for vendor in list_vendors_in(job.vendor_ids, "en")),
        vendor_id=job.vendor_id,
        read_percent=_percent_reader(settings),
    )
    return [
        (
            row.number,
            plan_row(row, present.get(slug_of(row)), importer, is_repeated=uses[slug_of(row)] > 1),
        )
        for row in batch
    ]


def _percent_reader(settings: Settings) -> Callable[[str, int], Decimal | None]:
    """Return how percents are read; files repeat them, so each is checked against a vendor's terms once."""

    @cache
    def read(text: str, vendor_id: int) -> Decimal | None:
        return check_product_percent(vendor_id, text, settings)

    return read


def _apply_row(job: ProductImport, row: ProductImportRow, settings: Settings, actor: Actor) -> None:
    try:
        with transaction():
            is_applied = (
                _create(job, row, settings, actor)
                if row.outcome == CREATE
                else _change(job, row, settings, actor)
            )
            outcome = {True: "created" if row.outcome == CREATE else "changed", False: "conflict"}[is_applied]
            save_outcome(row, outcome)
    except PortalError as error:
        first = next(iter(error.fields.values())) if isinstance(error, InputInvalid) else error
        save_outcome(row, "error", first)


def _create(job: ProductImport, row: ProductImportRow, settings: Settings, actor: Actor) -> bool:
    texts = row.after_values
    if row.slug in products_by_slug([row.slug]):
        return False
    on_sale = texts["on_sale"] == "true"
    product_id = add_product(
        int(texts["vendor_id"]), values_of(texts), int(texts["stock"]), actor, on_sale=on_sale
    )
    if texts["referral_percent"]:
        save_product_percent(product_id, texts["referral_percent"], settings, actor)
    return True


def _change(job: ProductImport, row: ProductImportRow, settings: Settings, actor: Actor) -> bool:
    product = lock_unchanged(row, row_values, job.vendor_ids)
    if product is None:
        return False
    before, after = row.before_values, row.after_values
    texts = {**row_values(product), **after}
    change_product(product.id, values_of(texts, product), actor, vendor_ids=job.vendor_ids)
    if "stock" in after:
        moved = int(after["stock"]) - int(before["stock"])
        correct_stock(product.id, moved, f"CSV {job.id}: {job.file_name}", actor, vendor_ids=job.vendor_ids)
    if "referral_percent" in after:
        save_product_percent(product.id, after["referral_percent"], settings, actor)
    if "on_sale" in after:
        switch_sale(product.id, actor, vendor_ids=job.vendor_ids, on_sale=after["on_sale"] == "true")
    return True
