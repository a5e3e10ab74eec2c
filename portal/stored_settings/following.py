"""Apply what is stored in every process within seconds, without letting a request wait for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from models import database
from portal.db import DatabaseAway
from portal.db.bounded_connection import bounded_connection
from portal.db.connection import current_url
from portal.lib.probe import Probe
from portal.settings import Settings
from portal.stored_settings.rules import effective_settings

_FRESH_SECONDS = 2.0
_READ_SECONDS = 3.0
_NEWEST = "SELECT id, settings FROM settings_versions ORDER BY id DESC LIMIT 1"


class SettingsFollower:
    """Read the newest version in a thread of its own, at most every two seconds, and apply another one."""

    def __init__(self, environment: Settings, apply: Callable[[Settings], None]) -> None:
        self._environment, self._apply_to = environment, apply
        self._lock = threading.Lock()
        self._version = 0
        self._owner: tuple[int, object] | None = None
        self._probe: Probe[None] | None = None

    def apply(self, version: int, stored: Mapping[str, Any]) -> None:
        """Put a version that was just saved in force in this process."""
        with self._lock:
            self._use(version, stored)

    def refresh(self) -> None:
        """Begin to read the newest version where the last reading is too old; wait for nothing."""
        self._current().start()

    def read(self) -> None:
        """Read and apply the newest version; a database that does not answer leaves the settings as they are."""
        # While the lock is held nothing is applied: what is read cannot replace a version that was saved later.
        with self._lock:
            try:
                with bounded_connection(current_url(), _READ_SECONDS) as connection:
                    rows = connection.query(_NEWEST)
            except DatabaseAway:
                return
            self._use(*(rows[0] if rows else (0, {})))

    def forget(self) -> None:
        """Apply the newest version at the next reading, whatever is in force."""
        with self._lock:
            self._version, self._probe = 0, None

    def _use(self, version: int, stored: Mapping[str, Any]) -> None:
        if version != self._version:
            self._version = version
            self._apply_to(effective_settings(self._environment, stored))

    def _current(self) -> Probe[None]:
        """Return the probe of this process and database: a thread does not survive a fork."""
        owner = (os.getpid(), database.obj)
        if self._probe is None or self._owner != owner:
            self._owner = owner
            self._probe = Probe(self.read, overdue=None, fresh_seconds=_FRESH_SECONDS, wait_seconds=0)
        return self._probe
