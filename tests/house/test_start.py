"""What a process loads when it starts: large libraries wait until the chain, a wallet or a picture needs them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_LATER = (
    "web3",
    "eth_account",
    "eth_keys",
    "eth_utils",
    "eth_abi",
    "py_ecc",
    "yoyo",
    "PIL",
    "apscheduler",
    "openpyxl",
    "segno",
    "babel.messages",
    "Crypto.PublicKey",
)
# Of commands only.
_COMMANDS = ("granian", "portal.flows.demo", "portal.flows.ring_import", "portal.chain.upgrade")
_OFFLINE = (
    ("version",),
    ("db", "migrate"),
    ("db", "status"),
    ("user", "create", "first@demo.example"),
    ("vendor", "list"),
    ("store", "create", "Mugs"),
    ("programme", "show"),
    ("audit",),
    ("visits", "prune"),
    ("payouts", "run"),
)


def loaded(program: str, names: tuple[str, ...], **environment: str) -> str:
    """Run a program in a process of its own and return which of the modules it has loaded."""
    program = f"{program}\nimport sys; print([name for name in {names!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_large_libraries_are_loaded_when_they_are_used() -> None:
    assert loaded("import portal.app", (*_LATER, *_COMMANDS, "email_validator")) == "[]"


@pytest.mark.slow
def test_no_command_is_loaded_with_large_libraries() -> None:
    program = """
import click, portal.app
from portal.cli import PortalCommands
commands = PortalCommands("portal")
context = click.Context(commands)
assert all(commands.get_command(context, name) for name in commands.list_commands(context))
"""
    assert loaded(program, tuple(name for name in _LATER if name != "PIL")) == "[]"


@pytest.mark.slow
def test_commands_that_need_no_chain_run_without_its_libraries(database_url: str) -> None:
    program = f"""
from portal.app import command_group
for words in {_OFFLINE!r}:
    command_group().main(list(words), standalone_mode=False)
"""
    libraries = ("web3", "eth_account", "eth_utils", "py_ecc")
    assert loaded(program, libraries, DATABASE_URL=database_url) == "[]"
