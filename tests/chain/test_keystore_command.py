"""`chain keystore create`: a new or imported key in an encrypted file, which nothing prints or overwrites."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import Result
from eth_account import Account
from flask import Flask

from portal.app import create_app
from portal.chain import load_operator_key
from portal.settings import load_settings

KEY = "0x" + "5a" * 32
PASSWORD = "correct horse battery"


def portal_app(**settings: object) -> Flask:
    return create_app(load_settings(_env_file=None, **settings))


def create(app: Flask, path: Path, *options: str, text: str = PASSWORD + "\n") -> Result:
    arguments = ["chain", "keystore", "create", "--file", str(path), *options]
    with app.app_context():
        return app.test_cli_runner().invoke(args=arguments, input=text)


def test_new_key_opens_with_the_password(tmp_path: Path) -> None:
    path = tmp_path / "minter.json"
    result = create(portal_app(), path, "--password-stdin")
    assert result.exit_code == 0, result.output
    key = load_operator_key(
        load_settings(
            _env_file=None, referral_minter_keystore=path, referral_minter_keystore_password=PASSWORD
        )
    )
    assert key is not None
    printed = re.search(r"Address +(0x\w{40})", result.output)
    assert printed
    assert printed[1].lower() == key.address
    assert printed[1] != key.address, "the address is in EIP-55"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    private = bytes(Account.decrypt(json.loads(path.read_text()), PASSWORD)).hex()
    assert private not in result.output + path.read_text()


def test_key_of_the_environment_is_imported_with_a_prompted_password(tmp_path: Path) -> None:
    path = tmp_path / "minter.json"
    app = portal_app(referral_minter_private_key=KEY)
    result = create(app, path, "--from-env", text=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert str(Account.from_key(KEY).address) in result.output
    assert "5a5a" not in result.output
    assert PASSWORD not in result.output
    assert Account.decrypt(json.loads(path.read_text()), PASSWORD).hex() == KEY[2:]


def test_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "minter.json"
    path.write_text("a keystore")
    result = create(portal_app(), path, "--password-stdin")
    assert result.exit_code == 1
    assert "never overwritten" in result.output
    assert path.read_text() == "a keystore"
    (tmp_path / "link.json").symlink_to(tmp_path / "nothing.json")
    assert create(portal_app(), tmp_path / "link.json", "--password-stdin").exit_code == 1
    assert not (tmp_path / "nothing.json").exists()


@pytest.mark.parametrize(
    ("options", "text", "message"),
    [
        (["--password-stdin"], "short\n", "at least 8 characters"),
        (["--password-stdin"], "", "at least 8 characters"),
        (["--from-env", "--password-stdin"], PASSWORD, "REFERRAL_MINTER_PRIVATE_KEY is not set"),
        ([], f"{PASSWORD}\nanother one\n", ""),
    ],
)
def test_nothing_is_written_without_a_password_or_key(
    tmp_path: Path, options: list[str], text: str, message: str
) -> None:
    path = tmp_path / "minter.json"
    result = create(portal_app(), path, *options, text=text)
    assert result.exit_code == 1
    assert message in result.output
    assert not path.exists()


def test_missing_folder_is_named(tmp_path: Path) -> None:
    result = create(portal_app(), tmp_path / "absent" / "minter.json", "--password-stdin")
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory" in result.output
