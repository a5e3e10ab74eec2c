"""`.env.example` lists exactly the settings there are, with their defaults and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from portal.settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"


def lines() -> list[str]:
    return EXAMPLE.read_text().splitlines()


def listed() -> dict[str, str]:
    pairs = [line.partition("=") for line in lines() if line and not line.startswith("#")]
    return {name: value.strip('"') for name, _, value in pairs}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting out of the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_every_setting_is_listed_and_nothing_else() -> None:
    assert set(listed()) == {name.upper() for name in Settings.model_fields}
    assert len(listed()) == sum(1 for line in lines() if line and not line.startswith("#"))


def test_every_setting_has_one_sentence() -> None:
    for number, line in enumerate(lines()):
        if line and not line.startswith("#"):
            comment, before = lines()[number - 1], lines()[number - 2]
            assert comment.startswith("# "), line
            assert comment.endswith("."), line
            assert not before.startswith("# ") or before.startswith("# ----"), line


@pytest.mark.usefixtures("bare")
def test_the_file_changes_no_default() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


@pytest.mark.usefixtures("bare")
def test_a_default_that_is_no_secret_is_shown() -> None:
    defaults = Settings(_env_file=None)
    for name, text in listed().items():
        value = getattr(defaults, name.lower())
        if isinstance(value, SecretStr) or value is None or value == "":
            assert text == "", name
        else:
            assert text == (str(value).lower() if isinstance(value, bool) else str(value)), name
