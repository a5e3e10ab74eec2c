"""Pages that may read from a replica, except for a browser that has just changed something: it sees its change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, request

from portal.db import reads_may_lag
from portal.settings import Settings
from portal.web.core.cookies import own_cookie_name

COOKIE = "changed"
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
_MARGIN_SECONDS = 2


@contextmanager
def lagging_reads() -> Iterator[None]:
    """Read from the replica in the block, unless this browser changed something within its greatest lag."""
    if request.cookies.get(own_cookie_name(COOKIE)):
        yield
    else:
        with reads_may_lag():
            yield


def install_fresh_reads(app: Flask, settings: Settings) -> None:
    """Mark browsers that change something, where a replica is configured."""
    if not settings.database_replica_url:
        return
    seconds = settings.database_replica_max_lag_seconds + _MARGIN_SECONDS

    def mark(response: Response) -> Response:
        # Calls without a cookie are those of programs: providers, stores, beacons.
        if request.method in _CHANGING and request.cookies and response.status_code < 400:
            secure = bool(app.config["SESSION_COOKIE_SECURE"])
            response.set_cookie(
                own_cookie_name(COOKIE), "1", max_age=seconds, httponly=True, samesite="Lax", secure=secure
            )
        return response

    app.after_request(mark)
