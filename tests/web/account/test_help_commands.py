"""Operator commands that help a locked-out user."""

from __future__ import annotations

from flask import Flask

from models import EventLog, User
from portal.accounts import LastAdmin, check_credentials, has_second_factor
from portal.cli.users import user as user_commands
from portal.flows.accounts.change_role import change_role
from tests.factories import ACTOR, make_admin
from tests.web.account.factor import enrol
from tests.web.account.proofs import run_concurrently
from tests.web.conftest import visitor
from tests.web.visitor import Visitor


def run(app: Flask, *words: str) -> str:
    with app.app_context():
        return app.test_cli_runner().invoke(user_commands, list(words)).output


def test_reset_link_command_works_without_mail(app: Flask, owner: User) -> None:
    path = run(app, "reset-link", owner.email).strip().removeprefix("http://localhost")
    assert visitor(app).submit(path, {"password": "another long password"}).status_code == 303
    assert check_credentials(owner.email, "another long password")
    assert "no account" in run(app, "reset-link", "nobody@example.com")


def test_reset_second_factor_command_ends_sessions(app: Flask, owner: User) -> None:
    enrol(owner)
    browser = visitor(app, owner)
    assert "is off" in run(app, "reset-second-factor", owner.email)
    assert not has_second_factor(owner.id)
    assert browser.get("/orders").status_code == 303
    assert "no second factor" in run(app, "reset-second-factor", owner.email)


def test_account_created_by_command_is_confirmed(app: Flask) -> None:
    run(app, "create", "new@example.com", "--admin")
    user = User.get()
    assert (user.role, user.email_confirmed_at is not None, user.locale) == ("admin", True, "en")
    assert "`user role` gives it another role" in run(app, "create", " New@example.com", "--admin")
    run(app, "create", "uk@example.com", "--language", "uk")
    assert User.get(User.email == "uk@example.com").locale == "uk"


def test_role_command_ends_sessions_and_keeps_the_last_admin(app: Flask, owner: User, admin: User) -> None:
    browser = visitor(app, owner)
    assert "is now admin" in run(app, "role", owner.email, "admin")
    assert browser.get("/orders").status_code == 303
    event = EventLog.get(EventLog.event == "role_changed")
    assert (event.entity_id, event.from_status, event.to_status) == (str(owner.id), "user", "admin")
    assert "already" in run(app, "role", owner.email, "admin")
    assert "is now user" in run(app, "role", admin.email, "user")
    assert "only admin" in run(app, "role", owner.email, "user")
    assert User.get_by_id(owner.id).role == "admin"


def test_two_admins_cannot_demote_each_other_at_the_same_time(app: Flask, admin: User) -> None:
    admins = [admin.id, make_admin().id]

    def demote() -> int:
        try:
            return change_role(admins.pop(), "user", ACTOR)
        except LastAdmin:
            return False

    assert run_concurrently(2, demote) == [False, True]
    assert User.select().where(User.role == "admin").count() == 1


def test_sessions_are_ended(app: Flask, as_owner: Visitor, owner: User) -> None:
    assert as_owner.get("/orders").status_code == 200
    assert "Sessions ended: 1." in run(app, "sessions-end", owner.email)
    assert as_owner.get("/orders").status_code == 303
    assert "Sessions ended: 0." in run(app, "sessions-end", owner.email)
