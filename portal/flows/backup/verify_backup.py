"""Verify a backup: restore it into a separate database, compare it with its manifest, and check all invariants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.db.backup import BackupUnusable, Manifest, read_backup, restore_backup, scratch_database
from portal.db.checks import run_checks_on
from portal.db.migrations import migrate


def verify_backup(path: Path, url: str, into: str, on_progress: Callable[[str], None]) -> Manifest:
    """Restore a backup into a scratch database at `url`'s server, or the empty one at `into`, and return its manifest.

    A backup of an earlier version is migrated there before the invariants are checked. Raises BackupUnusable or
    DatabaseAway.
    """
    on_progress("Comparing the dump with its manifest")
    manifest = read_backup(path)
    with _target(url, into) as target:
        on_progress(f"Restoring {manifest.size} bytes")
        restore_backup(path, manifest, target)
        if applied := migrate(target):
            on_progress(f"Applied {len(applied)} changes of this version")
        on_progress("Checking the invariants")
        if broken := run_checks_on(target):
            names = ", ".join(f"{name} ({len(rows)} rows)" for name, rows in broken.items())
            raise BackupUnusable(f"The backup is complete, but its data breaks invariants: {names}.")
    return manifest


@contextmanager
def _target(url: str, into: str) -> Iterator[str]:
    if into:
        yield into
        return
    with scratch_database(url) as scratch:
        yield scratch
