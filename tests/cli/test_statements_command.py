"""`flask statements open`: what vendors owe is collected at once, up to a day where one is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import CommissionStatement
from portal.lib.clock import utc_now
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_settlement, make_vendor


def test_open_collects_up_to_the_day(make_portal: MakePortal) -> None:
    vendor = make_vendor(name="Tea House")
    make_settlement(vendor, 10_000, collected_by="store", created_at=utc_now() - timedelta(days=10))
    make_settlement(vendor, 20_000, collected_by="store", created_at=utc_now() - timedelta(hours=1))
    app = make_portal()
    day = utc_now().date() - timedelta(days=5)
    first = invoke(app, "statements", "open", "--until", day.isoformat())
    assert (first.exit_code, first.output) == (0, "Statement 1: Tea House owes 25.00 UAH.\n")
    assert invoke(app, "statements", "open", "--until", "1990-01-01").output == "No commission is owed.\n"
    assert invoke(app, "statements", "open").output == "Statement 2: Tea House owes 50.00 UAH.\n"
    assert invoke(app, "statements", "open").output == "No commission is owed.\n"
    assert CommissionStatement.select().count() == 2


@pytest.mark.parametrize("day", ["9999-12-31", "9999-01-01", "1989-12-31", "0001-01-01"])
def test_days_outside_the_known_years_are_refused(make_portal: MakePortal, day: str) -> None:
    result = invoke(make_portal(), "statements", "open", "--until", day)
    assert result.exit_code == 2
    assert f"{day} is not a date of the years 1990 to 9998" in result.output
