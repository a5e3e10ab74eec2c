"""Several things at the same moment, each in a thread with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from portal.db import connection


def at_once(works: list[Callable[[], object]]) -> list[BaseException]:
    """Run everything in threads that start together; return what was raised."""
    gate, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        with connection():
            gate.wait()
            try:
                work()
            except BaseException as error:
                raised.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
