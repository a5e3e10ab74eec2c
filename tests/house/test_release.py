"""One version everywhere, and a section of the changelog for each released one. See docs/upgrades.md."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path

from click.testing import CliRunner

from portal import __version__
from portal.app import command_group

PROJECT = Path(__file__).resolve().parents[2]


def test_version_is_the_same_in_every_file() -> None:
    package = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    images = re.findall(r"image: ring-portal:(\S+)", (PROJECT / "docs/deploy/compose.yaml").read_text())
    assert [package, *images] == [__version__] * 2


def test_changelog_has_a_dated_section_for_each_release() -> None:
    unreleased, *released = re.findall(r"^## (.*)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert unreleased == "Unreleased"
    versions = []
    for heading in released:
        version, _, day = heading.partition(" - ")
        date.fromisoformat(day)
        versions.append(tuple(map(int, version.split("."))))
    assert all(later > earlier for later, earlier in pairwise(versions)), "the newest is first"
    # Until the first release the version is the one that will be released.
    assert not versions or released[0].startswith(f"{__version__} - ")


def test_version_needs_no_settings() -> None:
    answer = CliRunner().invoke(command_group(), ["--version"], env={"PORTAL_ENV": "production"})
    assert (answer.exit_code, answer.output) == (0, f"ring-portal {__version__}\n")


def test_help_lists_the_commands_of_the_portal_only() -> None:
    text = CliRunner().invoke(command_group(), ["--help"]).output
    names = re.findall(r"^  ([a-z-]+)  ", text.partition("Commands:")[2], re.MULTILINE)
    assert {"doctor", "serve", "store"} <= set(names)
    assert not {"limiter", "routes", "run", "shell"} & set(names)
    assert "--debug" not in text
