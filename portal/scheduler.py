"""A scheduler whose jobs go on when the clock of the machine is set back."""

from __future__ import annotations

import time
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler

# A clock that is slewed, or set back by less, delays jobs by no more than this.
_IGNORED_SECONDS = 2
# A clock that is set back while the scheduler waits is noticed after this time.
_LONGEST_WAIT_SECONDS = 30


class SteadyScheduler(BackgroundScheduler):  # type: ignore[misc]
    """Move the times of the next runs with the clock: they would be due again only when it has caught up."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._clock_offset = _clock_offset()

    def _process_jobs(self) -> float | None:
        self._follow_clock()
        seconds = super()._process_jobs()
        return None if seconds is None else min(seconds, _LONGEST_WAIT_SECONDS)

    def _follow_clock(self) -> None:
        offset = _clock_offset()
        back, self._clock_offset = self._clock_offset - offset, offset
        if back > _IGNORED_SECONDS:
            for job in self.get_jobs():
                job.modify(next_run_time=job.next_run_time - timedelta(seconds=back))


def _clock_offset() -> float:
    return time.time() - time.monotonic()
