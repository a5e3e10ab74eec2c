"""Alerts in words: on the page of jobs, in notifications and in letters, in the reader's language."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from flask import Flask

import portal.flows.overviews.watch_portal as watching
from models import OperatorAlert, User
from portal.db import query
from portal.flows.overviews.watch_portal import BOOKS, KINDS
from portal.notifications import notify
from portal.web.text.alerts import alert_text
from tests.web.mailbox import compose_letter, rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_every_kind_has_a_sentence(app: Flask) -> None:
    source = ast.parse(Path(watching.__file__).read_text())
    findings = [
        node
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
    ]
    literal = {node.args[0].value for node in findings if isinstance(node.args[0], ast.Constant)}
    assert literal <= set(KINDS), "an alert of a kind that is not observed would never close"
    with app.test_request_context("/"):
        for kind in (*KINDS, BOOKS):
            for subject in ("minter", "payouts"):
                text = alert_text(kind, subject, 7200)
                assert text.endswith(".") or subject in text, text
                assert kind not in text
                assert "%(" not in text
        assert "2 hours" in alert_text("callbacks_wait", "", 7200)


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_letters_are_written_in_the_language_of_the_admin(
    as_admin: Visitor, admin: User, locale: str
) -> None:
    query("UPDATE users SET email_confirmed_at = now(), locale = %s WHERE id = %s", [locale, admin.id])
    alert = {"alert": "gas_low", "subject": "minter", "number": 5}
    notify(admin.id, "alert_opened", "a", **alert)
    notify(admin.id, "alert_over", "b", **alert)
    notify(admin.id, "alert_digest", "c", alerts=[alert, {**alert, "alert": "treasury_empty"}], opened=3)
    notify(admin.id, "alert_digest", "d", alerts=[], opened=1)
    composed = [compose_letter(as_admin, row) for row in rows()]
    words = {"en": "lasts: 5", "uk": "мінтера: 5", "ru": "минтера: 5"}[locale]
    assert [words in letter.text for letter in composed] == [True, True, True, False]
    assert len({letter.subject for letter in composed}) == 3
    for letter in composed:
        assert f"http://localhost/{locale}/admin/jobs" in letter.text
        assert letter.unsubscribe_url
        assert "alert_" not in letter.text
    assert text_of(as_admin.get(f"/{locale}/notifications")).count(words) == 3


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_page_shows_open_alerts(as_admin: Visitor, locale: str) -> None:
    OperatorAlert.insert(kind="job_fails", subject="send_letters", is_critical=False, number=7).execute()
    OperatorAlert.insert(
        kind="books_broken", subject="no_negative_payout", is_critical=True, number=2
    ).execute()
    text = text_of(as_admin.get(f"/{locale}/admin/jobs"))
    assert "no_negative_payout" in text
    assert ": 7." in text
