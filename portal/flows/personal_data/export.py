"""Everything that is stored about a person, as one zip file with JSON and CSV. See docs/privacy.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portal.accounts import get_user
from portal.db import Actor, record_event
from portal.flows.personal_data.table import Person, csv_pieces, json_pieces
from portal.flows.personal_data.tables import PERSONAL_TABLES
from portal.lib.clock import utc_now
from portal.lib.zip_stream import zip_pieces


def export_person(user_id: int, about: str, actor: Actor) -> Iterator[bytes]:
    """Record an export of a person's data and return the pieces of its zip file; raise UserUnknown.

    `about` is a text for the person, in their language. The rows are read while the file is, in small parts, so the
    caller keeps a connection until the end.
    """
    user = get_user(user_id)
    record_event(actor, "user", user.id, "data_exported")
    return zip_pieces(_files(Person(user.id, user.email or ""), about), utc_now())


def _files(person: Person, about: str) -> Iterator[tuple[str, Iterable[str]]]:
    yield "README.txt", [about]
    for table in PERSONAL_TABLES:
        yield f"json/{table.file_name}.json", json_pieces(table, person)
        yield f"csv/{table.file_name}.csv", csv_pieces(table, person)
