"""The files of docs/deploy work as far as this machine has the programs for them: docs/deploy/check tries them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.cli.serve import serve
from portal.settings import Settings
from tests.support.portals import clean_environment
from tests.support.repeats import repeats

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "docs" / "deploy"
# HAProxy asks its hosts each second, so a computer that is busy with other tests loses requests of a restart.
PARTS = ["compose", "systemd", "nginx", "caddy", "prometheus", *["rolling"][: repeats(0, many=1)]]
COMMAND = re.compile(r"ring-portal +serve(.*)")


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_deployment_files_pass_their_check(part: str) -> None:
    completed = subprocess.run(
        [sys.executable, str(DEPLOY / "check"), part], cwd=PROJECT, env=clean_environment(),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if completed.stdout.split()[1:2] == ["skipped"]:
        pytest.skip(completed.stdout.strip())
    assert completed.returncode == 0, completed.stdout + completed.stderr


@pytest.mark.parametrize(
    "name", ["ring-portal-web.service", "ring-portal-jobs.service", "compose.yaml", "Containerfile"]
)
def test_every_deployment_starts_the_server_with_options_that_it_has(name: str) -> None:
    commands = COMMAND.findall(re.sub(r"[\[\]\",]+", " ", (DEPLOY / name).read_text()))
    assert commands
    for words in commands:
        serve.make_context("serve", words.split())


def test_container_gets_every_file_that_the_package_is_built_from() -> None:
    """Compare with the patterns of portal/dev/packaging.py, which the build reads in that folder."""
    copied = " ".join(
        re.findall(r"^COPY (?!--)(.*) \S+$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    ).split()
    source = (PROJECT / "portal/dev/packaging.py").read_text()
    patterns = re.findall(r'"([\w./*-]+\*[\w./*-]*|\.env\.example)"', source)
    assert len(patterns) >= 7
    missing = [pattern for pattern in patterns
               if not any(pattern == name or pattern.startswith(f"{name}/") for name in copied)]  # fmt: skip
    assert not missing


@pytest.mark.parametrize("name", ["portal.env.example", "jobs.env.example"])
def test_example_of_settings_names_settings_only(name: str) -> None:
    lines = (DEPLOY / name).read_text().splitlines()
    names = {line.partition("=")[0].lower() for line in lines if line and not line.startswith("#")}
    assert names <= set(Settings.model_fields)
