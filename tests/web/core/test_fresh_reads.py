"""Exports and dashboards read from the replica; a browser that has just changed something sees its change."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import User
from portal.app import create_app
from portal.db import connection, query, reads_may_lag
from portal.settings import Settings
from portal.web.core.fresh_reads import COOKIE
from tests.factories import make_admin
from tests.support.databases import close_database
from tests.support.load import wait_until
from tests.support.replica import replicated
from tests.web.conftest import visitor
from tests.web.exports.ledger_files import export_url
from tests.web.visitor import Visitor

pytestmark = pytest.mark.slow


def test_export_lags_until_its_reader_changes_something(tmp_path: Path) -> None:
    with replicated(tmp_path) as servers:
        urls = {"database_url": servers.primary, "database_replica_url": servers.replica}
        app = create_app(Settings(_env_file=None, database_replica_max_lag_seconds=300, **urls))
        app.test_client_class = Visitor
        try:
            with connection():
                admin = make_admin(name="Before")
                reader = visitor(app, admin)
                servers.catch_up()
                wait_until(is_usable)
                servers.delay(3600)
                User.update(name="After").where(User.id == admin.id).execute()
            assert "Before" in reader.get(export_url("people")).text
            assert reader.get("/refcodes").status_code == 200
            assert reader.get_cookie(COOKIE) is None
            assert reader.submit("/notifications/read").status_code == 303
            changed = reader.get(export_url("people")).text
            assert "After" in changed
            assert "Before" not in changed
            assert "Before" in visitor(app, admin).get(export_url("people")).text
        finally:
            close_database()


def is_usable() -> bool:
    with reads_may_lag():
        return bool(query("SELECT pg_is_in_recovery()")[0][0])
