"""What a manifest says, and how the contents of a database differ from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from portal.lib.errors import PortalError

_FORMAT = 1
_SHOWN = 5


class BackupUnusable(PortalError):
    """A backup cannot be made, read or restored; the message is one sentence for the operator."""

    code = "backup_unusable"


@dataclass(frozen=True)
class Contents:
    """What one snapshot of a database holds.

    `rows` counts each table. `sums` has the total of each column of money, tokens, stock and visits as decimal text,
    by `table.column`.
    """

    migrations: tuple[str, ...]
    rows: Mapping[str, int]
    sums: Mapping[str, str]


@dataclass(frozen=True)
class Manifest:
    """The description of one backup, stored as JSON beside the dump."""

    version: str
    created_at: str
    database: str
    server_major: int
    program_major: int
    size: int
    sha256: str
    contents: Contents


def manifest_json(manifest: Manifest) -> str:
    """Return a manifest as JSON text."""
    return json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1) + "\n"


def parse_manifest(text: str) -> Manifest:
    """Return the manifest that JSON text describes; raise BackupUnusable."""
    try:
        values = json.loads(text)
        if values["format"] != _FORMAT:
            raise BackupUnusable(
                f"The manifest has format {values['format']} and this version reads format {_FORMAT}:"
                " use the version of the portal that made the backup, or a newer one."
            )
        contents = values["contents"]
        return Manifest(
            **{
                **{field.name: values[field.name] for field in fields(Manifest)},
                "contents": Contents(tuple(contents["migrations"]), contents["rows"], contents["sums"]),
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupUnusable("The manifest is not one that `backup create` wrote.") from error


def unknown_migrations(manifest: Manifest, known: Sequence[str]) -> list[str]:
    """Return the migrations of a backup that this version of the portal does not have."""
    return sorted(set(manifest.contents.migrations) - set(known))


def list_differences(expected: Contents, found: Contents) -> list[str]:
    """Return one sentence per difference between a manifest and a restored database, none when they are equal."""
    if expected.migrations != found.migrations:
        return ["The migrations differ from those of the manifest."]
    differences = [
        *_differences("rows of", expected.rows, found.rows),
        *_differences("sum of", expected.sums, found.sums),
    ]
    left_out = len(differences) - _SHOWN
    return [*differences[:_SHOWN], *([f"{left_out} more differences."] if left_out > 0 else [])]


def _differences(what: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        before, after = expected.get(name, "no such"), found.get(name, "no such")
        if before != after:
            yield f"{what} {name}: {before} in the manifest, {after} in the database."
