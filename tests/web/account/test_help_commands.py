"""Operator commands that help a locked-out user."""

from __future__ import annotations

from flask import Flask

from models import User
from portal.accounts import check_credentials, has_second_factor
from portal.cli.users import user as user_commands
from tests.web.account.factor import enrol
from tests.web.conftest import visitor


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
    assert (user.role, user.email_confirmed_at is not None) == ("admin", True)
