"""Templates receive presenters. The web tests check every page they render; this tests the check."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask, render_template_string
from jinja2 import DictLoader

from models import User
from tests.support.presenters import RowInTemplate, find_rows, watch_templates


@dataclass(frozen=True)
class _Holder:
    owner: object


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (User(name="Olena"), "context (User)"),
        ([1, User()], "context[1] (User)"),
        ({"rows": ((User(), "words"),)}, "context.rows[0][0] (User)"),
        (_Holder([User()]), "context.owner[0] (User)"),
    ],
)
def test_find_rows_finds_a_row_at_any_depth(value: object, path: str) -> None:
    assert list(find_rows(value)) == [path]


def test_find_rows_ignores_plain_values_and_cycles() -> None:
    cycle: list[object] = ["text", 1, None, _Holder(owner="name")]
    cycle.append(cycle)
    assert not list(find_rows(cycle))


def test_watched_application_refuses_a_row() -> None:
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"page.html": "{{ person }}", "admin/page.html": "{{ person }}"})
    watch_templates(app)
    with app.test_request_context("/"):
        assert render_template_string("{{ person }}", person="Olena") == "Olena"
        with pytest.raises(RowInTemplate, match="person"):
            render_template_string("{{ person }}", person=User(name="Olena"))
