"""Every command answers bad input and a lost database with a sentence and a failed exit, never with a code."""

from __future__ import annotations

import re

import click
import pytest
from flask import Flask

from portal.cli import register_commands
from portal.cli.common import PortalCommand
from portal.lib.errors import PortalError
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_user

NOWHERE = "postgresql://nobody:x@127.0.0.1:1/none"
MALFORMED = f"0x{'1' * 39}"
WRONG_CHECKSUM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"

BAD_INPUT = [
    ("user create not-an-address", "email"),
    ("user create taken@demo.example", "already"),
    ("user create короткий", "email"),
    ("store correct nothing 10 --reason x", "does not exist"),
    ("user credit nobody@demo.example 10 UAH --reason x", "There is no account nobody@demo.example"),
    ("user credit taken@demo.example ten UAH --reason x", "amount"),
    ("user credit taken@demo.example -5 UAH --reason x", "No such option"),
    ("user credit taken@demo.example 0 UAH --reason x", "amount"),
    ("user credit taken@demo.example 1.234 UAH --reason x", "amount"),
    ("user credit taken@demo.example 10 ABC --reason x", "CURRENCY"),
    ("user credit taken@demo.example 10 UAH", "--reason"),
    ("user give-up-credit nobody@demo.example UAH --reason x --yes", "There is no account"),
    ("user give-up-credit taken@demo.example ABC --reason x --yes", "currency"),
    ("user credit taken@demo.example 99999999999999999999 UAH --reason x", "amount"),
    ("user reset-link nobody@demo.example", "There is no account"),
    ("user reset-second-factor nobody@demo.example", "There is no account"),
    ("user reset-second-factor taken@demo.example", "has no second factor"),
    ("user disable taken@demo.example", "--reason"),
    ("user disable nobody@demo.example --reason x", "There is no account"),
    ("alias show nothing", "unknown"),
    ("alias set nothing TEA", "unknown"),
    ("alias end nothing", "unknown"),
    ("programme approve nobody@demo.example", "There is no account"),
    ("programme approve taken@demo.example", "has not applied"),
    ("programme reject taken@demo.example", "--reason"),
    ("programme applications --status lost", "one of"),
    ("vendor create Shop --tier gold", "one of"),
    ("vendor create Shop --owner nobody@demo.example", "has to create an account first"),
    ("product import /nowhere/products.csv", "does not exist"),
    (f"product import {__file__}", "Unknown columns"),
    (f"product import {__file__} --vendor 999", "vendor does not exist"),
    ("chain deploy --token 0x12 --operator 0x12", "40 hex digits"),
    (f"chain deploy --token {MALFORMED}", "40 hex digits"),
    (f"chain deploy --admin {WRONG_CHECKSUM}", "EIP-55"),
    ("chain deploy --mode 2", "range"),
    ("chain deploy --reward-cap lots", "decimal number"),
    ("chain deploy", "POLYGON_RPC_URL is not set"),
    ("chain grant-minter", "No contract is configured"),
    ("chain status", "POLYGON_RPC_URL is not set"),
    ("mint --limit 0", "range"),
    ("mint", "not_configured"),
    ("mail send", "Set SMTP_URL"),
    ("smoke everything", "one of"),
    ("store poll 99", "does not exist"),
    ("store poll 1", "does not read orders from this platform"),
    ("smoke http --url http://127.0.0.1:1", "does not answer"),
    ("statements open --until soon", "--until"),
    ("statements open --until 2999-01-01", "not in the future"),
    ("audit --order-reference=", "enter a reference"),
    ("audit --order-reference nothing", "nothing is known of the reference nothing"),
    ("audit --order-reference \udced", "UTF-8"),
    ("user reset-link \udced", "UTF-8"),
    ("vendor create \udced", "UTF-8"),
    ("import-ring nonsense", ""),
    (f"import-ring {NOWHERE}", ""),
    ("import-ring", "Missing argument"),
    ("import-ring x --report=", "enter a path"),
    ("dev --data-dir=", "enter a path"),
    (f"clone init /tmp/never --database-url {NOWHERE}", "cannot be reached"),
    ("clone init /tmp/never --color red", "BRAND_COLOR"),
    ("clone init /tmp/never --app-url nowhere", "APP_URL"),
]


@pytest.fixture
def portal_app(make_portal: MakePortal, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.delenv("DEPLOYER_PRIVATE_KEY", raising=False)
    app = make_portal()
    make_user("Taken", email="taken@demo.example")
    return app


def assert_sentence(output: str, exception: BaseException | None) -> None:
    assert exception is None or isinstance(exception, SystemExit), exception
    assert "Traceback" not in output
    line = output.strip().splitlines()[-1]
    assert not re.fullmatch(r"(Error: )?[a-z]+(_[a-z]+)+\.?", line), line
    assert not re.search(r": [a-z]+(_[a-z]+)+(;|$)", line), line


def test_bad_input_is_answered_with_a_sentence(portal_app: Flask) -> None:
    for line, expected in BAD_INPUT:
        result = invoke(portal_app, *line.split())
        assert result.exit_code != 0, line
        assert_sentence(result.output, result.exception)
        assert expected.lower() in result.output.lower(), (line, result.output)


@pytest.mark.parametrize(
    "names",
    [("clone", "init"), ("backup", "create"), ("backup", "verify"), ("user", "export", "x@demo.example")],
)
def test_empty_path_does_not_mean_the_present_folder(portal_app: Flask, names: tuple[str, ...]) -> None:
    result = invoke(portal_app, *names, "")
    assert result.exit_code != 0
    assert "enter a path" in result.output.lower()


def commands(group: click.Group, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the names of every command below a group."""
    found: list[tuple[str, ...]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command, name
        found += commands(command, (*prefix, name)) if isinstance(command, click.Group) else [(*prefix, name)]
    return found


NEED = {
    ("store", "create"): ["Mugs"],
    ("store", "disconnect"): ["2"],
    ("store", "secret"): ["2"],
    ("store", "signing"): ["2"],
    ("store", "api"): ["2", "https://shop.example"],
    ("store", "key", "create"): ["2"],
    ("store", "key", "list"): ["2"],
    ("store", "key", "revoke"): ["2", "1"],
    ("user", "create"): ["x@demo.example"],
    ("user", "reset-link"): ["x@demo.example"],
    ("user", "reset-second-factor"): ["x@demo.example"],
    ("user", "export"): ["x@demo.example", "/tmp/never.zip"],
    ("user", "erase"): ["x@demo.example", "--yes"],
    ("store", "erase-customer"): ["2", "--id", "7"],
    ("backup", "create"): ["/tmp/never.dump"],
    ("user", "role"): ["x@demo.example", "user"],
    ("user", "disable"): ["x@demo.example", "--reason", "x"],
    ("user", "enable"): ["x@demo.example"],
    ("vendor", "create"): ["Shop"],
    ("user", "sessions-end"): ["x@demo.example"],
    ("user", "credit"): ["x@demo.example", "1", "UAH", "--reason", "x"],
    ("user", "give-up-credit"): ["x@demo.example", "UAH", "--reason", "x", "--yes"],
    ("alias", "show"): ["Ab3dE5gH"],
    ("alias", "set"): ["Ab3dE5gH", "TEA"],
    ("alias", "end"): ["Ab3dE5gH"],
    ("programme", "approve"): ["x@demo.example"],
    ("programme", "reject"): ["x@demo.example", "--reason", "x"],
    ("alerts", "resolve"): ["--kind", "x", "--yes"],
    ("store", "poll"): ["1"],
    ("store", "correct"): ["store_1_1", "1", "--reason", "x"],
    ("product", "import"): [__file__],
    ("import-ring",): [NOWHERE],
    ("clone", "init"): ["/tmp/never", "--database-url", NOWHERE],
}
NEEDS_NO_DATABASE = {("version",), ("dev",), ("serve",), ("mail", "send")}
# They look at their file before the database.
NEEDS_NO_DATABASE |= {("backup", "verify"), ("backup", "restore"), ("programme", "preview")}


def needs_database(names: tuple[str, ...]) -> bool:
    """Return whether a command opens the database; those of the chain speak to a node, but `chain status`."""
    return names not in NEEDS_NO_DATABASE and (names[0] != "chain" or names == ("chain", "status"))


def test_every_command_says_that_the_database_cannot_be_used(make_portal: MakePortal) -> None:
    app = make_portal(database_url=NOWHERE)
    bare = Flask("bare")
    register_commands(bare)
    for names in filter(needs_database, commands(bare.cli)):
        result = invoke(app, *names, *NEED.get(names, []))
        assert result.exit_code != 0, names
        assert_sentence(result.output, result.exception)
        assert re.search("connection|database|does not answer", result.output, re.IGNORECASE), (
            names,
            result.output,
        )


def test_version_is_printed(make_portal: MakePortal) -> None:
    result = invoke(make_portal(), "version")
    assert (result.exit_code, result.output) == (0, "0.1.0\n")


def test_errors_without_a_message_have_a_sentence(make_portal: MakePortal) -> None:
    app = make_portal()

    @app.cli.command("fail", cls=PortalCommand)
    def fail() -> None:
        raise PortalError

    result = invoke(app, "fail")
    assert result.exit_code == 1
    assert_sentence(result.output, result.exception)


@pytest.mark.parametrize("arguments", [
    "backup create /proc/portal.dump", "user export taken@demo.example /proc/person.zip",
    "chain keystore create --password-stdin --file /proc/minter.json",
])  # fmt: skip
def test_a_file_that_cannot_be_written_is_named(make_portal: MakePortal, arguments: str) -> None:
    app = make_portal()
    make_user(email="taken@demo.example")
    result = invoke(app, *arguments.split(), typed="a long password\n")
    assert result.exit_code in (1, 2)
    assert_sentence(result.output, result.exception)
    assert "/proc/" in result.output, result.output
