"""`flask programme show|preview`: the rules in force as JSON, and what other rules would have given."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from portal.db import Actor
from portal.lib.clock import utc_now
from portal.programme.bonus_operations import add_campaign
from tests.cli.conftest import MakePortal, invoke


def test_rules_that_are_shown_can_be_previewed(make_portal: MakePortal, tmp_path: Path) -> None:
    add_campaign("Summer", Decimal(2), None, utc_now() + timedelta(days=1), Actor("command:test"))
    app = make_portal()
    shown = json.loads(invoke(app, "programme", "show").output)
    assert (shown["version"], shown["rules"]["holdDays"], shown["usedThisMonthUsd"]) == (1, 0, "0")
    assert [(row["name"], row["percent"]) for row in shown["campaigns"]] == [("Summer", "2.000000")]
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(shown["rules"]))
    result = invoke(app, "programme", "preview", str(rules))
    assert (result.exit_code, result.output) == (
        0, "0 orders, 0 of them with another reward: 0 tokens and 0 USD more in all.\n",
    )  # fmt: skip
    rules.write_text('{"holdDays": -1}')
    refused = invoke(app, "programme", "preview", str(rules))
    assert refused.exit_code == 1
    assert "holdDays" in refused.output
