"""Ask for the file of a long ledger, add its pieces, finish and delete it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import Export, ExportPiece
from portal.db import Actor, move_status, query, record_event, transaction
from portal.exports.status_rules import TRANSITIONS, ExportStatus
from portal.lib.errors import PortalError

# A file is deleted a day after it is ready. A person has a few at once, because the database stores them.
KEPT_HOURS = 24
MOST_PER_PERSON = 5


class TooManyExports(PortalError):
    """The person has as many files as are kept for one; param at_most."""

    code = "too_many_exports"


@dataclass(frozen=True)
class Piece:
    """The next part of a file: what is stored, the rows in it, and the file's state after it.

    `next_cursor` is None for the last piece. `content_bytes` and `content_crc` count what the pieces hold before they
    are compressed.
    """

    content: bytes
    rows: int
    next_cursor: str | None
    content_bytes: int
    content_crc: int


def request_export(user_id: int, ledger: str, form: str, arguments: Mapping[str, str]) -> int:
    """Ask for a file and return its id, that of the one being prepared where it is the same; raise TooManyExports."""
    with transaction():
        # Two requests of one person at once count each other's files.
        query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"exports:{user_id}"])
        kept = list(Export.select().where(Export.requested_by == user_id))
        for each in kept:
            wanted = (ExportStatus.PREPARING, ledger, form, dict(arguments))
            if (each.status, each.ledger, each.form, each.arguments) == wanted:
                return int(each.id)
        if len(kept) >= MOST_PER_PERSON:
            raise TooManyExports(at_most=MOST_PER_PERSON)
        file = {"ledger": ledger, "form": form}
        export_id: int = Export.insert(requested_by=user_id, arguments=dict(arguments), **file).execute()
        # Without the filters: they may name people, and events are kept for good.
        record_event(Actor.user(user_id), "export", export_id, "export_requested", data=file)
    return export_id


def set_total(export_id: int, total: int) -> None:
    """Record how many rows a file will have, for its progress."""
    Export.update(total=total).where(Export.id == export_id).execute()


def add_piece(export: Export, piece: Piece, actor: Actor) -> bool:
    """Add the next piece of a file; the last one makes it ready. Return False where another process was faster.

    The piece and the file's state are one transaction, so a process that is killed loses the piece it was reading and
    nothing else.
    """
    with transaction():
        is_next = (Export.id == export.id) & (Export.pieces == export.pieces)
        state = {
            "done": Export.done + piece.rows,
            "pieces": Export.pieces + 1,
            "stored_bytes": Export.stored_bytes + len(piece.content),
            "next_cursor": piece.next_cursor,
            "content_bytes": piece.content_bytes,
            "content_crc": piece.content_crc,
        }
        is_open = Export.status.in_(TRANSITIONS["finish"].from_statuses)
        if not Export.update(state).where(is_next & is_open).execute():
            return False
        ExportPiece.insert(export_id=export.id, number=export.pieces + 1, content=piece.content).execute()
        if piece.next_cursor is None:
            data = {"rows": export.done + piece.rows}
            move_status(
                Export,
                export.id,
                TRANSITIONS["finish"],
                entity="export",
                actor=actor,
                data=data,
                finished_at=fn.now(),
            )
    return True


def fail_export(export_id: int, reason: str, actor: Actor) -> bool:
    """End an export that cannot be finished and delete its pieces; `reason` is the code of an error."""
    with transaction():
        ExportPiece.delete().where(ExportPiece.export_id == export_id).execute()
        failure: dict[str, Any] = {"failure": reason, "finished_at": fn.now()}
        return move_status(
            Export, export_id, TRANSITIONS["fail"], entity="export", actor=actor, reason=reason, **failure
        )


def record_download(export_id: int, actor: Actor) -> None:
    """Record that a file was downloaded."""
    record_event(actor, "export", export_id, "export_downloaded")


def delete_export(export_id: int, actor: Actor) -> bool:
    """Delete a file, ready or not, and return whether it was still there."""
    with transaction():
        deleted = Export.delete().where(Export.id == export_id).execute()
        if deleted:
            record_event(actor, "export", export_id, "export_deleted")
    return bool(deleted)


def expire_exports(actor: Actor) -> int:
    """Delete the files whose day is over and return how many."""
    sql = "SELECT id FROM exports WHERE finished_at < now() - make_interval(hours => %s)"
    return sum(delete_export(row[0], actor) for row in query(sql, [KEPT_HOURS]))
