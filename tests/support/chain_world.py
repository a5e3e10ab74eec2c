"""A database, a development chain and rewards on both, for tests, soak and benchmarks of minting."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peewee import InterfaceError

from models import database
from portal.chain import Chain, Deployment, deploy_development, open_chain, order_ref
from portal.chain.contract.abi import encode_call
from portal.chain.node.limits import forget_failures
from portal.chain.sending import failpoints as labels
from portal.db import Actor, bind_database, connection, query
from portal.dev.processes import pick_port
from portal.flows.minting.mint_rewards import MintReport, mint_rewards
from portal.settings import Settings
from tests.support.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]
ANVIL = ROOT / "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
CHAIN_ID = 31337
# anvil's published development keys.
ADMIN_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
OPERATOR_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
ADMIN = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
OPERATOR = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
OTHER = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"
TESTER = Actor.job("test")

_numbers = itertools.count(1)


class Anvil:
    """A local chain; blocks come on demand unless `block_time` is given."""

    def __init__(self, *arguments: str) -> None:
        port = pick_port()
        # Compiled for cancun; later hardforks mine many times slower.
        command = [str(ANVIL), "--quiet", "--port", str(port), "--hardfork", "cancun"]
        arguments = arguments or ("--slots-in-an-epoch", "2")
        self.process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.url = f"http://127.0.0.1:{port}"
        self._wait_until_ready()

    @classmethod
    def at(cls, url: str) -> Anvil:
        """Return a chain whose caller starts and stops it."""
        anvil = cls.__new__(cls)
        anvil.url = url
        return anvil

    def _wait_until_ready(self) -> None:
        for _ in range(500):
            with contextlib.suppress(OSError):
                self.request("eth_chainId")
                return
            time.sleep(0.02)
        raise RuntimeError("anvil did not start")

    def request(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.request("anvil_mine", hex(blocks))

    def save(self, file: Path) -> None:
        """Save the chain with the states of its blocks, for `--load-state`."""
        file.write_bytes(gzip.decompress(bytes.fromhex(self.request("anvil_dumpState", True)[2:])))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class World:
    """One database and one chain with the contracts deployed."""

    database_url: str
    anvil: Anvil
    deployment: Deployment
    overrides: dict[str, Any] = field(default_factory=dict)

    def settings(self, **overrides: Any) -> Settings:
        return read_settings(
            **{
                "database_url": self.database_url,
                "referral_chain_id": CHAIN_ID,
                "polygon_rpc_url": self.anvil.url,
                "referral_rewards_address": self.deployment.rewards_address,
                "referral_minter_private_key": OPERATOR_KEY,
                "referral_mint_batch_size": 5,
                "referral_tip_gwei": 1,
                "referral_token_usd_price": "0.1",
                **self.overrides,
                **overrides,
            },
        )

    def chain(self, **overrides: Any) -> Chain:
        chain = open_chain(self.settings(**overrides))
        assert isinstance(chain, Chain)
        return chain

    def round(self, limit: int = 50, **overrides: Any) -> MintReport:
        """Run one minting round, without waiting for a node that failed before."""
        chain, settings = self.chain(**overrides), self.settings(**overrides)
        for _ in range(20):
            forget_failures()
            report = mint_rewards(chain, settings, limit, TESTER)
            # A busy server ends the connection of the round before, and with it the lock, a moment later.
            if report.waiting_reason != "other_leader":
                break
            time.sleep(0.1)
        return report

    def finish(self, rounds: int = 40, **overrides: Any) -> None:
        """Mine and run rounds until nothing is approved or open."""
        for _ in range(rounds):
            self.anvil.mine(2)
            report = self.round(**overrides)
            if not report.open_rewards and not report.submitted and not self.count("approved"):
                return
        raise AssertionError(f"minting did not finish: {report}, {self.statuses()}")

    # ------------------------------------------------------------------ rows

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with connection():
            return query(sql, parameters)

    def add_rewards(self, count: int, **columns: Any) -> list[int]:
        """Write approved rewards and return their ids."""
        ids = []
        with connection():
            user_id = _user()
            for _ in range(count):
                number = next(_numbers)
                row = {
                    "order_reference": f"store_test_{number}_{time.time_ns()}",
                    "ref_code": "CODE",
                    "referrer_user_id": user_id,
                    "referrer_wallet": f"0x{number:040x}" if number > 20 else f"0x{number + 10**6:040x}",
                    "order_total_minor": 100_00,
                    "currency": "UAH",
                    "reward_percent": 5,
                    "reward_amount_wei": 10**18 + number,
                    "rail": "crypto",
                    "status": "approved",
                    **columns,
                }
                names = ", ".join(row)
                marks = ", ".join(["%s"] * len(row))
                sql = f"INSERT INTO referral_rewards ({names}) VALUES ({marks}) RETURNING id"
                ids.append(query(sql, list(row.values()))[0][0])
        return ids

    def statuses(self) -> dict[str, int]:
        return dict(self.rows("SELECT status, count(*) FROM referral_rewards GROUP BY status"))

    def count(self, status: str) -> int:
        return self.statuses().get(status, 0)

    # ------------------------------------------------------------------ chain

    def admin_call(self, to: str, data: bytes) -> None:
        """Send a transaction of the contracts' admin and mine it."""
        self.transact(ADMIN, to, data)

    def transact(
        self, sender: str, to: str, data: bytes = b"", value: int = 0, *, is_mined: bool = True
    ) -> str:
        """Send a transaction of an unlocked account and wait for its block, unless none will come."""
        fields = {"from": sender, "to": to, "data": "0x" + data.hex(), "value": hex(value)}
        tx_hash: str = self.anvil.request("eth_sendTransaction", fields)
        while is_mined and self.anvil.request("eth_getTransactionReceipt", tx_hash) is None:
            time.sleep(0.005)
        return tx_hash

    def rewards_call(self, signature: str, *values: object) -> None:
        self.admin_call(self.deployment.rewards_address, encode_call(signature, *values))

    def set_mode(self, mode: int) -> None:
        """Change the contract's mode, which it allows only while paused."""
        self.rewards_call("pause()")
        self.rewards_call("setRewardMode(uint8)", mode)
        self.rewards_call("unpause()")

    def paid_events(self) -> list[Any]:
        chain = self.chain()
        node = chain.node()
        return chain.contract.paid_events(node, 0, node.block("latest").number)

    def assert_paid_exactly_once(self, expected_minted: int | None = None) -> None:
        """Compare chain and ledger: every minted reward has one event with its hash, and nothing else was paid."""
        events = self.paid_events()
        refs = [event.order_ref for event in events]
        assert len(refs) == len(set(refs)), "a reference was paid twice"
        minted = self.rows(
            "SELECT order_reference, tx_hash, referrer_wallet, reward_amount_wei FROM referral_rewards"
            " WHERE status = 'minted'"
        )
        ledger = {(order_ref(row[0]), row[1], row[2], int(row[3])) for row in minted}
        assert ledger == {(event.order_ref, event.tx_hash, event.wallet, event.amount) for event in events}
        assert self.count("minting") == 0
        if expected_minted is not None:
            assert len(minted) == expected_minted


def _user() -> int:
    rows = query(
        "INSERT INTO users (email, name) VALUES ('referrer@example.org', 'R') ON CONFLICT DO NOTHING RETURNING id"
    )
    return int(
        rows[0][0] if rows else query("SELECT id FROM users WHERE email = 'referrer@example.org'")[0][0]
    )


def deploy(anvil: Anvil) -> Deployment:
    return deploy_development(anvil.url, CHAIN_ID, ADMIN_KEY, OPERATOR_KEY)


def close_pool() -> None:
    """Close this process's pooled connections."""
    with contextlib.suppress(InterfaceError):
        database.close_all()


def run_and_die(world: World, label: str, occurrence: int = 1, **overrides: Any) -> bool:
    """Run rounds in a process that is killed -9 when it passes a label; return whether it came to that."""
    pid = os.fork()
    if pid == 0:
        try:
            _die_at(world, label, occurrence, overrides)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


@contextlib.contextmanager
def paused_at(world: World, label: str) -> Iterator[None]:
    """Run a round in a process that stops at a label for the block, and then goes on to its end."""
    pid = os.fork()
    if pid == 0:
        try:
            _die_at(world, label, 1, {}, signal.SIGSTOP)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    try:
        yield
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.kill(pid, signal.SIGCONT)
        os.waitpid(pid, 0)


def _die_at(
    world: World,
    label: str,
    occurrence: int,
    overrides: dict[str, Any],
    end: signal.Signals = signal.SIGKILL,
) -> None:
    # The parent's connections are not this process's to use.
    bind_database(world.database_url)
    seen = itertools.count(1)

    def die(passed: str) -> None:
        if passed == label and next(seen) == occurrence:
            os.kill(os.getpid(), end)

    labels.listen(die)
    world.round(**overrides)
