"""The minter's key: loaded from the environment or a keystore, never displayed."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
from eth_account import Account

from portal.chain import KeyUnusable, OperatorKey, load_operator_key
from portal.settings import Settings, load_settings

KEY = "0x" + "5a" * 32
ADDRESS = str(Account.from_key(KEY).address).lower()


def settings(**overrides: object) -> Settings:
    return load_settings(_env_file=None, **overrides)


def test_key_is_loaded_from_the_environment() -> None:
    key = load_operator_key(settings(referral_minter_private_key=KEY))
    assert key is not None
    assert key.address == ADDRESS


def test_key_is_loaded_from_a_keystore(tmp_path: Path) -> None:
    path = _keystore(tmp_path, "right")
    key = load_operator_key(
        settings(referral_minter_keystore=path, referral_minter_keystore_password="right")
    )
    assert key is not None
    assert key.address == ADDRESS


def test_wrong_password_or_file_reveals_nothing(tmp_path: Path) -> None:
    path = _keystore(tmp_path, "right")
    for keystore, password in ((path, "wrong"), (tmp_path / "missing.json", "right")):
        with pytest.raises(KeyUnusable) as caught:
            load_operator_key(
                settings(referral_minter_keystore=keystore, referral_minter_keystore_password=password)
            )
        assert password not in str(caught.value)
        assert caught.value.__cause__ is None


def test_no_key_without_configuration() -> None:
    assert load_operator_key(settings()) is None


def test_key_cannot_be_displayed_or_copied() -> None:
    key = OperatorKey.from_private_key(KEY)
    shown = f"{key!r} {key} {vars(key)}"
    assert "5a5a" not in shown
    assert "ZZZZ" not in shown, "the same bytes as text"
    for copy_key in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            copy_key(key)


def test_malformed_key_is_not_in_the_error() -> None:
    with pytest.raises(KeyUnusable) as caught:
        OperatorKey.from_private_key("0x" + "ff" * 32)
    assert "ffff" not in str(caught.value)


def _keystore(folder: Path, password: str) -> Path:
    path = folder / "minter.json"
    path.write_text(json.dumps(Account.encrypt(KEY, password, kdf="pbkdf2", iterations=2)))
    return path
