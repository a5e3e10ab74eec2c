"""Compiled templates are kept in a private folder, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, render_template
from jinja2 import TemplateNotFound

from portal.web.core.template_cache import hold_templates, keep_templates


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Return a folder with one template."""
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "page.html").write_text("{{ 6 * 7 }}")
    return folder


@pytest.fixture
def bare(pages: Path) -> Flask:
    return Flask("portal", template_folder=str(pages))


def _render(app: Flask) -> str:
    with app.test_request_context():
        return render_template("page.html")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    return folder


def test_the_next_process_finds_the_compiled_template(bare: Flask, pages: Path, data: Path) -> None:
    keep_templates(bare, data)
    assert _render(bare) == "42"
    folder = data / "cache" / "templates"
    (kept,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    written = kept.stat().st_mtime_ns
    following = Flask("portal", template_folder=str(pages))
    keep_templates(following, data)
    assert _render(following) == "42"
    assert kept.stat().st_mtime_ns == written


def test_templates_that_an_upgrade_replaces_stay_those_of_the_process(bare: Flask, pages: Path) -> None:
    (pages / "other.html").write_text("{% extends 'page.html' %}")
    hold_templates(bare)
    (pages / "page.html").write_text("{{ 1 | filter_of_the_next_release }}")
    (pages / "other.html").unlink()
    assert _render(bare) == "42"
    with bare.test_request_context():
        assert render_template("other.html") == "42"
        with pytest.raises(TemplateNotFound):
            render_template("missing.html")


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
@pytest.mark.parametrize("name", ["", "cache", "cache/templates"])
def test_a_folder_that_others_can_write_to_is_not_used(bare: Flask, data: Path, name: str, mode: int) -> None:
    folder = data / "cache" / "templates"
    folder.mkdir(parents=True)
    (data / name).chmod(mode)
    keep_templates(bare, data)
    assert bare.jinja_env.bytecode_cache is None
    assert (_render(bare), list(folder.iterdir())) == ("42", [])


def test_a_link_is_not_used(bare: Flask, data: Path) -> None:
    (data / "elsewhere").mkdir()
    (data / "cache").symlink_to(data / "elsewhere")
    keep_templates(bare, data)
    assert bare.jinja_env.bytecode_cache is None


def test_no_folder_is_made_where_there_is_no_data(bare: Flask, tmp_path: Path) -> None:
    keep_templates(bare, tmp_path / "nowhere")
    assert (bare.jinja_env.bytecode_cache, (tmp_path / "nowhere").exists()) == (None, False)


def test_a_folder_that_cannot_be_made_is_not_used(bare: Flask, data: Path) -> None:
    (data / "cache").write_text("")
    keep_templates(bare, data)
    assert (bare.jinja_env.bytecode_cache, _render(bare)) == (None, "42")
