"""Write a backup, and read one that was written completely."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal import __version__
from portal.db.backup.contents import read_contents
from portal.db.backup.programs import connection_arguments, find_programs, run_program
from portal.db.backup.rules import BackupUnusable, Manifest, manifest_json, parse_manifest
from portal.db.snapshot import snapshot

Progress = Callable[[str], None]
_CHUNK = 1024 * 1024


def create_backup(url: str, path: Path, on_progress: Progress) -> Manifest:
    """Dump a database to `path` and write the manifest to `path`.json, both readable by the owner only.

    Dump and manifest describe one moment, so the portal can go on. The manifest is written last: a backup without one
    is incomplete. Raises BackupUnusable or DatabaseAway.
    """
    require_free(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with snapshot(url) as connection:
            server_major = connection.info.server_version // 10_000
            programs = find_programs(server_major)
            on_progress("Counting rows and adding up the ledgers")
            contents = read_contents(connection)
            on_progress(f"Dumping {sum(contents.rows.values())} rows of {len(contents.rows)} tables")
            _dump(url, programs.command("pg_dump"), _export(connection), unfinished)
        size, digest = measure(unfinished)
        manifest = Manifest(
            version=__version__,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            database=database_name(url),
            server_major=server_major,
            program_major=programs.major,
            size=size,
            sha256=digest,
            contents=contents,
        )
        _publish(unfinished, path)
        _write_manifest(manifest_path(path), manifest)
        return manifest
    finally:
        unfinished.unlink(missing_ok=True)


def read_backup(path: Path) -> Manifest:
    """Return the manifest of a backup whose dump has the size and hash that it states; raise BackupUnusable."""
    try:
        manifest = parse_manifest(manifest_path(path).read_text(encoding="utf-8"))
        size, digest = measure(path)
    except FileNotFoundError as error:
        raise BackupUnusable(f"{error.filename} is missing: a backup is a dump and its manifest.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BackupUnusable(f"{path} cannot be read: {error}.") from error
    if (size, digest) != (manifest.size, manifest.sha256):
        raise BackupUnusable(
            f"{path} is not the file that its manifest describes: it was changed or cut off."
        )
    return manifest


def manifest_path(path: Path) -> Path:
    """Return where the manifest of a dump is."""
    return path.with_name(f"{path.name}.json")


def database_name(url: str) -> str:
    """Return the name of the database in a URL."""
    return urlsplit(url).path.removeprefix("/")


def require_free(path: Path) -> None:
    """Raise BackupUnusable if a backup at `path` exists already or cannot be written there."""
    if path.exists() or manifest_path(path).exists():
        raise BackupUnusable(f"{path} exists: a backup is never overwritten. Choose another name.")
    if not path.parent.is_dir():
        raise BackupUnusable(f"The folder {path.parent} does not exist.")


def measure(path: Path) -> tuple[int, str]:
    """Return the size of a file in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _export(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return str(cursor.fetchone()[0])


def _dump(url: str, command: list[str], snapshot_name: str, path: Path) -> None:
    # Created first, so that nobody else can read it while it grows.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    target, environment = connection_arguments(url)
    options = [
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot_name}",
        f"--file={path}",
    ]
    run_program([*command, *options, f"--dbname={target}"], environment)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _write_manifest(path: Path, manifest: Manifest) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(manifest_json(manifest))
        file.flush()
        os.fsync(file.fileno())
    _publish(unfinished, path)


def _publish(unfinished: Path, path: Path) -> None:
    """Rename a complete file to its name, and keep the name when the machine stops."""
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
