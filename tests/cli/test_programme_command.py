"""`flask programme`: the rules in force as JSON, what other rules would have given, and who joins."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from portal.db import Actor
from portal.flows.programme.joining import apply_to_join
from portal.lib.clock import utc_now
from portal.programme.bonus_operations import add_campaign
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_user, make_wallet


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


def test_applications_are_decided_by_command(make_portal: MakePortal) -> None:
    app = make_portal(referral_joining_approval=True)
    ada, bob = make_user(email="ada@demo.example"), make_user(email="bob@demo.example")
    make_wallet(ada)
    settings = app.extensions["portal"].settings
    for person in (ada, bob):
        assert apply_to_join(person.id, "Tea\nblog", settings)
    assert (
        invoke(app, "programme", "applications").output.splitlines()[-1].endswith("ada@demo.example Tea blog")
    )
    approved = invoke(app, "programme", "approve", "ada@demo.example")
    assert (approved.exit_code, approved.output) == (
        0, "ada@demo.example is a referrer now. Share codes issued: 1.\n",
    )  # fmt: skip
    assert invoke(app, "programme", "reject", "bob@demo.example", "--reason", "No page").exit_code == 0
    assert invoke(app, "programme", "applications").output == "No application is waiting.\n"
    assert "bob@demo.example" in invoke(app, "programme", "applications", "--status", "rejected").output
    again = invoke(app, "programme", "approve", "bob@demo.example")
    assert (again.exit_code, "already been decided" in again.output) == (1, True)
