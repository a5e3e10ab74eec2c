"""Back-ups: one dump of the whole database and a manifest that says what it must contain. See docs/operations.md."""

from portal.db.backup.archive import create_backup, read_backup
from portal.db.backup.restoring import restore_backup, scratch_database
from portal.db.backup.rules import BackupUnusable, Contents, Manifest, list_differences

__all__ = [
    "BackupUnusable",
    "Contents",
    "Manifest",
    "create_backup",
    "list_differences",
    "read_backup",
    "restore_backup",
    "scratch_database",
]
