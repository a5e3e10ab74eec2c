"""Counters of rate limits: in Redis where it is configured and answers, else in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from portal.logs import OutageLog, get_logger

SCHEME = "portal"
MOST_WINDOWS = 50_000
_SWEEP_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_REDIS_OPTIONS: dict[str, float] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
_redis = OutageLog(
    get_logger(__name__),
    "redis unavailable, limits are counted per process",
    "redis available again",
    quiet_seconds=0,
)
Answer = TypeVar("Answer")


class _Counters(Protocol):
    def incr(self, key: str, expiry: int, amount: int = 1) -> int: ...

    def get(self, key: str) -> int: ...

    def get_expiry(self, key: str) -> float: ...

    def clear(self, key: str) -> None: ...

    def reset(self) -> int | None: ...


class _Window(NamedTuple):
    """The requests of one key between two times, in seconds since the epoch."""

    hits: int
    begins_at: float
    ends_at: float

    def is_open(self, now: float) -> bool:
        """Return whether requests still count; a clock that is set back ends the window, which would last too long."""
        return self.begins_at <= now < self.ends_at


_NO_WINDOW = _Window(0, 0.0, 0.0)


class ProcessCounters:
    """Count fixed windows in this process, without threads and in bounded memory.

    The memory storage of `limits` starts a thread for each request, which walks through all counters.
    """

    def __init__(self, most: int = MOST_WINDOWS) -> None:
        """Keep at most `most` windows: of more, the oldest ones are forgotten."""
        self._most = most
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()
        self._swept_at = 0.0

    def __len__(self) -> int:
        return len(self._windows)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to the window of a key, which ends `expiry` seconds after its first request; return its count."""
        now = time.time()
        with self._lock:
            window = self._windows.get(key, _NO_WINDOW)
            if not window.is_open(now):
                self._windows.pop(key, None)  # the order of the dictionary is the age of the windows
                self._make_room(now)
                window = _Window(0, now, now + expiry)
            self._windows[key] = window._replace(hits=window.hits + amount)
            return window.hits + amount

    def get(self, key: str) -> int:
        """Return the count of the present window of a key."""
        window = self._windows.get(key, _NO_WINDOW)
        return window.hits if window.is_open(time.time()) else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window of a key ends, as seconds since the epoch."""
        now, window = time.time(), self._windows.get(key, _NO_WINDOW)
        return window.ends_at if window.is_open(now) else now

    def clear(self, key: str) -> None:
        """Forget the window of a key."""
        with self._lock:
            self._windows.pop(key, None)

    def reset(self) -> int | None:
        """Forget all windows and return how many there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def _make_room(self, now: float) -> None:
        is_full = len(self._windows) >= self._most
        if not is_full and 0 <= now - self._swept_at < _SWEEP_SECONDS:
            return
        self._swept_at = now
        self._windows = {key: window for key, window in self._windows.items() if window.is_open(now)}
        if len(self._windows) >= self._most:
            for key in list(islice(self._windows, self._most // 10 + 1)):
                del self._windows[key]


class LimitCounters(Storage):
    """Count in Redis, which several processes share; while it is unavailable, each process counts alone.

    Requests are not refused because Redis is away. Flask-Limiter finds this storage by its scheme.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - an instance variable of the base class

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        """Prepare the counters; the option `redis_url` names the Redis to share, "" is none."""
        super().__init__(uri, wrap_exceptions)
        self._alone = ProcessCounters()
        self._shared = open_redis(options["redis_url"]) if options.get("redis_url") else None
        self._retry_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return StorageError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self._ask(lambda counters: counters.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        return self._ask(lambda counters: counters.get(key))

    def get_expiry(self, key: str) -> float:
        return self._ask(lambda counters: counters.get_expiry(key))

    def clear(self, key: str) -> None:
        self._ask(lambda counters: counters.clear(key))

    def reset(self) -> int | None:
        return self._ask(lambda counters: counters.reset())

    def check(self) -> bool:
        """Return True: without Redis this process counts."""
        return True

    def _ask(self, question: Callable[[_Counters], Answer]) -> Answer:
        if self._shared and time.monotonic() >= self._retry_at:
            try:
                answer = question(self._shared)
            except StorageError as error:
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                _redis.failed(str(error))
            else:
                _redis.worked()
                return answer
        return question(self._alone)


def open_redis(redis_url: str) -> Storage:
    """Return the counters of a Redis; they raise StorageError while it is unavailable."""
    return storage_from_string(redis_url, wrap_exceptions=True, **_REDIS_OPTIONS)  # type: ignore[return-value]
