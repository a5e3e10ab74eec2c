"""Import the codes, rewards, settlements and assists of a Ring deployment (docs/import.md).

Each row is written in its own savepoint: it is imported with its event, or reported with the reason.
Portions are committed as they come: a run that was killed is simply repeated, and what is here already is left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice

from peewee import DataError, IntegrityError

from portal.chain import AnyChain, read_paid_orders
from portal.db import query, transaction
from portal.flows.ring_import.people import Newcomers
from portal.flows.ring_import.rows import Row, RowRefused, name_of, text_of
from portal.flows.ring_import.source import RingSource
from portal.flows.ring_import.writers import Work, write_assist, write_refcode, write_reward, write_settlement
from portal.lib.errors import PortalError
from portal.logs import get_logger
from portal.settings import Settings

_PORTION = 200
log = get_logger(__name__)
_WRITERS: dict[str, Callable[[Row, Work], bool]] = {
    "refcodes": write_refcode,
    "referral_rewards": write_reward,
    "settlements": write_settlement,
    "erp_sales_assists": write_assist,
}


@dataclass
class TableReport:
    """The result for one table: rows imported, present already, refused; `total` is None when it does not exist."""

    table: str
    total: int | None
    imported: int = 0
    present: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.imported + self.present + len(self.refused)

    def reasons(self) -> Counter[str]:
        """Return how many rows each reason refused."""
        return Counter(reason.partition(":")[0] for _, reason in self.refused)


class _Undo(Exception):
    """Roll back a dry run."""


def import_ring(
    source: RingSource,
    chain: AnyChain,
    settings: Settings,
    *,
    vendors: dict[str, int],
    is_dry: bool,
    on_progress: Callable[[TableReport], None] = lambda _: None,
) -> list[TableReport]:
    """Import every table in order and return a report for each; a dry run is rolled back.

    `vendors` says which vendor here a source id is. Raises DatabaseAway.
    """
    reports: list[TableReport] = []
    try:
        with transaction() if is_dry else nullcontext():
            if is_dry:
                # All of it is one transaction, which waits for the source and for nodes.
                query("SET LOCAL idle_in_transaction_session_timeout = 0")
            work = Work(settings, chain, Newcomers(vendors))
            for table, write in _WRITERS.items():
                reports.append(report := TableReport(table, source.count(table)))
                _import_table(source, write, work, report, on_progress)
            if is_dry:
                raise _Undo
    except _Undo:
        pass
    return reports


def _import_table(
    source: RingSource,
    write: Callable[[Row, Work], bool],
    work: Work,
    report: TableReport,
    on_progress: Callable[[TableReport], None],
) -> None:
    for portion in _portions(source.rows(report.table)):
        if report.table == "referral_rewards":
            # Read before anything is locked: a node may be slow.
            work.paid = _paid_flags(portion, work.chain)
        with transaction():
            for row in portion:
                _import_row(row, write, work, report)
        on_progress(report)


def _import_row(row: Row, write: Callable[[Row, Work], bool], work: Work, report: TableReport) -> None:
    work.notes.clear()
    try:
        with transaction():
            is_new = write(row, work)
    except (RowRefused, IntegrityError, DataError, PortalError) as error:
        report.refused.append((name_of(row), _reason(error)))
        work.people.forget()
        return
    report.imported += is_new
    report.present += not is_new
    report.notes += [(name_of(row), note) for note in work.notes if is_new]


def _paid_flags(portion: list[Row], chain: AnyChain) -> dict[str, bool] | None:
    references = sorted({reference for row in portion if (reference := text_of(row, "order_reference"))})
    return read_paid_orders(chain, references)


def _reason(error: Exception) -> str:
    if isinstance(error, RowRefused):
        return str(error)
    if isinstance(error, PortalError):
        return error.code
    log.info("row refused by the database", error=str(error))
    return f"refused_by_database: {str(error).splitlines()[0]}"


def _portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    stream = iter(rows)
    while portion := list(islice(stream, _PORTION)):
        yield portion
