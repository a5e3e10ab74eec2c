"""`.env.example` lists every setting with its default, except secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from portal.settings import Settings, without_file

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"


def lines() -> list[str]:
    return EXAMPLE.read_text().splitlines()


def listed_settings() -> dict[str, str]:
    pairs = [line.partition("=") for line in lines() if line and not line.startswith("#")]
    return {name: value.strip('"') for name, _, value in pairs}


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove every setting from the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_file_lists_every_setting_and_nothing_else() -> None:
    assert set(listed_settings()) == {name.upper() for name in Settings.model_fields}
    assert len(listed_settings()) == sum(1 for line in lines() if line and not line.startswith("#"))


def test_every_setting_has_a_one_line_comment() -> None:
    for number, line in enumerate(lines()):
        if line and not line.startswith("#"):
            comment, before = lines()[number - 1], lines()[number - 2]
            assert comment.startswith("# "), line
            assert comment.endswith("."), line
            assert not before.startswith("# ") or before.startswith("# ----"), line


@pytest.mark.usefixtures("clean_environment")
def test_file_matches_the_defaults() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


@pytest.mark.usefixtures("clean_environment")
def test_file_shows_defaults_except_secrets() -> None:
    defaults = Settings(_env_file=None)
    for name, text in listed_settings().items():
        value = getattr(defaults, name.lower())
        if isinstance(value, SecretStr) or value is None or value == "":
            assert text == "", name
        else:
            assert text == (str(value).lower() if isinstance(value, bool) else str(value)), name


def test_a_reload_reads_the_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line copies `.env` into the environment, which would take precedence over the changed file."""
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text('BRAND_NAME="A shop"\nSECRET_KEY=of the file\nREQUESTS_CA_BUNDLE=/ca.pem\n')
    environment = {
        "BRAND_NAME": "A shop", "SECRET_KEY": "of the service", "REQUESTS_CA_BUNDLE": "/ca.pem", "PATH": "/bin",
    }  # fmt: skip
    assert without_file(environment) == {
        name: environment[name] for name in environment if name != "BRAND_NAME"
    }
