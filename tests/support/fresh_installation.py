"""What a new production installation begins with: an empty database, a chain without contracts, and the commands."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from eth_account import Account
from flask import Flask

from portal.chain import OperatorKey
from portal.chain.deployment import Deployer, deploy_test_token, node_of, write_record
from portal.chain.sending.fees import GWEI, FeePolicy
from portal.dev.anvil import call_rpc, start_chain, stop_chain
from portal.payments.providers.wayforpay.callbacks import sign_callback
from tests.cli.conftest import invoke
from tests.support.databases import close_database, execute, named, server_url
from tests.support.production import MERCHANT_ACCOUNT, MERCHANT_SECRET

CHAIN_ID = 80_002


@contextmanager
def empty_database() -> Iterator[str]:
    """Yield the URL of a database without a table, and drop it at the end."""
    maintenance, name = named(server_url("embedded"), "portal"), f"fresh_{secrets.token_hex(4)}"
    execute(maintenance, f"CREATE DATABASE {name}")
    yield named(maintenance, name)
    close_database()
    execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def mined_chain(folder: Path) -> Iterator[str]:
    """Yield the address of a chain without a contract, which mines a block every 0.2 seconds."""
    url, stop = start_chain(folder, chain_id=CHAIN_ID, block_seconds=0), threading.Event()

    def mine() -> None:
        while not stop.wait(0.2):
            call_rpc(url, "anvil_mine", "0x1")

    miner = threading.Thread(target=mine)
    miner.start()
    yield url
    stop.set()
    miner.join()
    stop_chain(folder)


def run(app: Flask, *arguments: str, typed: str | None = None) -> str:
    """Run a command that succeeds, and return its output."""
    result = invoke(app, *arguments, typed=typed)
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return str(result.output)


def new_key(node: str) -> str:
    """Return the key of a new account that can pay for gas."""
    account = Account.create()
    call_rpc(node, "anvil_setBalance", account.address, hex(10**20))
    return str(account.key.hex())


def address_of(key: str) -> str:
    return str(Account.from_key(key).address)


def deploy_token(node: str, deployer: str) -> str:
    """Deploy the token of rewards as an operator has it already, and return its address."""
    key = OperatorKey.from_private_key(deployer)
    policy = FeePolicy(tip=GWEI, ceiling=1_000 * GWEI)
    return deploy_test_token(Deployer(node_of(node, CHAIN_ID), CHAIN_ID, key, policy))


def deploy_contract(app: Flask, folder: Path, *options: str) -> str:
    """Deploy by the command, whose record goes to a folder, and return the address of the proxy."""
    with mock.patch.object(write_record, "__defaults__", (folder,)):
        output = run(app, "chain", "deploy", "--yes", *options)
    return str(re.findall(r"Proxy\s+(0x\w{40})", output)[0])


def provider_callback(fields: dict[str, str], status: str, reason_code: str = "1100") -> bytes:
    """Return the body of what the provider sends of a payment."""
    callback = {
        "merchantAccount": MERCHANT_ACCOUNT,
        "orderReference": fields["orderReference"],
        "amount": fields["amount"],
        "currency": fields["currency"],
        "authCode": "541963",
        "cardPan": "41****8217",
        "transactionStatus": status,
        "reasonCode": reason_code,
    }
    return json.dumps(sign_callback(MERCHANT_SECRET, callback)).encode()
