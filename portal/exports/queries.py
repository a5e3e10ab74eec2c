"""Read exports and the pieces of their files."""

from __future__ import annotations

from collections.abc import Iterator

from models import Export, ExportPiece
from portal.exports.status_rules import ExportStatus
from portal.lib.errors import PortalError


class ExportUnknown(PortalError):
    """There is no export with this id that the person asked for and that is not deleted yet."""

    code = "export_unknown"


def get_export_of(export_id: int, user_id: int) -> Export:
    """Return an export that an account asked for; raise ExportUnknown."""
    found: Export | None = Export.get_or_none((Export.id == export_id) & (Export.requested_by == user_id))
    if found is None:
        raise ExportUnknown
    return found


def list_exports(user_id: int) -> list[Export]:
    """Return the exports that an account asked for and that are kept, newest first."""
    return list(Export.select().where(Export.requested_by == user_id).order_by(Export.id.desc()))


def list_open_exports() -> list[Export]:
    """Return the exports that are being prepared, oldest first."""
    return list(Export.select().where(Export.status == ExportStatus.PREPARING).order_by(Export.id))


def iterate_pieces(export: Export) -> Iterator[bytes]:
    """Yield the pieces of a file in order, one query each; raise ExportUnknown where it is deleted meanwhile."""
    for number in range(1, export.pieces + 1):
        piece: ExportPiece | None = ExportPiece.get_or_none(
            (ExportPiece.export_id == export.id) & (ExportPiece.number == number)
        )
        if piece is None:
            raise ExportUnknown
        yield bytes(piece.content)
