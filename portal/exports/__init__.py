"""Files of long ledgers: what was asked for, how far it is, and the pieces that are written. See docs/exports.md."""

from portal.exports.operations import (
    KEPT_HOURS,
    MOST_PER_PERSON,
    Piece,
    TooManyExports,
    add_piece,
    delete_export,
    expire_exports,
    fail_export,
    record_download,
    request_export,
    set_total,
)
from portal.exports.queries import (
    ExportUnknown,
    get_export_of,
    iterate_pieces,
    list_exports,
    list_open_exports,
)
from portal.exports.status_rules import ExportStatus

__all__ = [
    "KEPT_HOURS",
    "MOST_PER_PERSON",
    "ExportStatus",
    "ExportUnknown",
    "Piece",
    "TooManyExports",
    "add_piece",
    "delete_export",
    "expire_exports",
    "fail_export",
    "get_export_of",
    "iterate_pieces",
    "list_exports",
    "list_open_exports",
    "record_download",
    "request_export",
    "set_total",
]
