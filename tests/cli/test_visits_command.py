"""`flask visits prune`: old daily counts are deleted and shown day by day; totals remain."""

from __future__ import annotations

from models import Refcode, VisitDaily
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_code, make_user, make_visits


def test_prune_shows_each_day_and_keeps_totals(make_portal: MakePortal) -> None:
    app = make_portal()
    code = make_code(make_user("Referrer"))
    make_visits(code, {0: 5, 28: 6, 29: 7, 40: 8})
    first = invoke(app, "visits", "prune")
    assert (first.exit_code, first.output.splitlines()[-1]) == (0, "2 daily counts deleted.")
    assert len(first.output.splitlines()) == 3
    assert invoke(app, "visits", "prune").output == "No daily count is older than 28 days.\n"
    assert {row.visits for row in VisitDaily.select()} == {5, 6}
    assert Refcode.get_by_id(code.code).visits_total == 26
