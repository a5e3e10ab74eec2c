"""`flask alias show|set|end`."""

from __future__ import annotations

from models import EventLog
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_code, make_user


def test_alias_is_set_shown_and_ended(make_portal: MakePortal) -> None:
    app = make_portal()
    make_code(make_user(), code="Ab3dE5gH")
    assert invoke(app, "alias", "show", "Ab3dE5gH").output == "Ab3dE5gH - active\n"
    assert invoke(app, "alias", "set", "Ab3dE5gH", "tea-lover").output == "Ab3dE5gH is also TEA-LOVER.\n"
    assert (
        invoke(app, "alias", "set", "tea-lover", "TEA-LOVER").output == "Ab3dE5gH had this alias already.\n"
    )
    assert invoke(app, "alias", "show", "Tea-Lover").output == "Ab3dE5gH TEA-LOVER active\n"
    assert invoke(app, "alias", "end", "tea-lover").output == "The alias of Ab3dE5gH has ended.\n"
    assert invoke(app, "alias", "end", "Ab3dE5gH").output == "Ab3dE5gH has no alias.\n"
    events = EventLog.select().where(EventLog.event.startswith("alias_")).order_by(EventLog.id)
    assert [(row.event, row.actor) for row in events] == [
        ("alias_set", "command:alias"), ("alias_retired", "command:alias"),
    ]  # fmt: skip
