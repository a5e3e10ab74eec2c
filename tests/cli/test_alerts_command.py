"""`flask alerts`: the open alerts of one kind are closed together, each with an event."""

from __future__ import annotations

from portal.chain.state import count_alerts, raise_alert
from portal.db import connection, query
from tests.cli.conftest import MakePortal, invoke


def test_alerts_of_one_kind_are_closed_together(make_portal: MakePortal) -> None:
    app = make_portal()
    with connection():
        for number in range(30):
            raise_alert("paid_unknown", f"0x{number}")
        raise_alert("paid_differently", "store_1_1")
    assert invoke(app, "alerts", "list").output == "     1  paid_differently\n    30  paid_unknown\n"
    assert invoke(app, "alerts", "resolve", "--kind", "paid_unknown").exit_code == 1, "it asks first"
    result = invoke(app, "alerts", "resolve", "--kind", "paid_unknown", "--yes")
    assert (result.exit_code, result.output) == (0, "30 closed.\n")
    with connection():
        assert count_alerts() == {"paid_differently": 1}
        events = query("SELECT count(*) FROM event_log WHERE event = 'chain_alert_resolved'")
    assert events == [(30,)]


def test_unknown_kind_is_refused(make_portal: MakePortal) -> None:
    app = make_portal()
    result = invoke(app, "alerts", "resolve", "--kind", "paid_twice", "--yes")
    assert (result.exit_code, "No alert of the kind paid_twice is open." in result.output) == (1, True)
    assert invoke(app, "alerts", "list").output == "No alert is open.\n"
