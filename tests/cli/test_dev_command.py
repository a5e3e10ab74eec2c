"""`flask dev`: start, crash, adoption, stop and errors."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.dev import chain_is_running, postgres_is_running
from portal.dev.anvil import call_rpc, has_code
from portal.dev.processes import is_port_free, start_mark
from tests.support.databases import execute
from tests.support.portals import PROJECT, RunningPortal, launch_portal, start_portal
from tests.support.run import run_folder

pytestmark = pytest.mark.slow

DESCRIBED = {
    "url",
    "databaseUrl",
    "rpcUrl",
    "chainId",
    "rewardsAddress",
    "tokenAddress",
    "cronSecret",
    "wayforpay",
    "referralLink",
    "logins",
}


@pytest.fixture
def portals() -> Iterator[list[RunningPortal]]:
    """Collect the portals of a test and stop all of them at its end."""
    started: list[RunningPortal] = []
    yield started
    for running in started:
        running.clear()


def _port(running: RunningPortal) -> int:
    return int(running.url.rpartition(":")[2])


def _status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


def _users(running: RunningPortal) -> object:
    return execute(running.description["databaseUrl"], "SELECT count(*) FROM users")[0][0]


def _group(running: RunningPortal) -> list[int]:
    """Return the running processes in the process group of the command."""
    listed = subprocess.run(["ps", "-eo", "pid=,pgid="], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, group in pairs if int(group) == running.process.pid and start_mark(int(pid))]


def _wait_until(condition: object, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass
class Kept:
    """A data folder that the tests of this file share: a restart takes a fraction of the first start."""

    folder: Path
    portal: RunningPortal | None = None

    def running(self) -> RunningPortal:
        """Return the portal; start it if an earlier test ended it."""
        if self.portal and self.portal.process.poll() is None:
            return self.portal
        if self.portal:
            self.portal.clear()
        return self.restart()

    def restart(self) -> RunningPortal:
        """Start the portal on the port it had."""
        self.portal = start_portal(self.folder, port=_port(self.portal) if self.portal else None)
        return self.portal


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    shared = Kept(run_folder() / f"dev-command-{os.environ.get('PYTEST_XDIST_WORKER', '')}")
    yield shared
    if shared.portal:
        shared.portal.clear()


@pytest.fixture
def running(kept: Kept) -> RunningPortal:
    """Return a running portal with demo data; a test may end it."""
    return kept.running()


def test_ready_portal_describes_itself(running: RunningPortal) -> None:
    described = running.description

    assert described.keys() == DESCRIBED
    assert described["logins"].keys() == {"admin", "referrer", "buyer", "vendor"}
    assert described["wayforpay"].keys() == {"merchantAccount", "secretKey"}
    assert _status(f"{running.url}/healthz") == 200
    assert _status(described["referralLink"]) == 200
    assert described["chainId"] == int(call_rpc(described["rpcUrl"], "eth_chainId"), 16) == 31337
    assert has_code(described["rpcUrl"], described["rewardsAddress"])
    assert has_code(described["rpcUrl"], described["tokenAddress"])
    assert (running.data_dir / "dev.json").stat().st_mode & 0o077 == 0
    output = running.log.read_text()
    assert described["referralLink"] in output
    assert all(login["password"] in output for login in described["logins"].values())


def test_other_commands_need_only_the_database_url(running: RunningPortal) -> None:
    assert (running.data_dir / "environment.json").stat().st_mode & 0o077 == 0
    doctor = _command(running, "doctor")
    assert "chain        ok" in doctor
    assert "portal       answers" in doctor
    smoke = _command(running, "smoke", "all")
    assert "FAIL" not in smoke
    assert "skip" not in smoke, "the chain, its minter and the cron secret are known"
    (link,) = re.findall(r"http://\S+", _command(running, "user", "reset-link", "buyer@demo.example"))
    assert _status(link) == 200, "signed with the running portal's key"
    assert "REFERRAL_REWARDS_ADDRESS" in _command(running, "doctor", REFERRAL_REWARDS_ADDRESS="0x1"), (
        "the environment takes precedence"
    )


def test_empty_portal_has_its_admin_only(tmp_path: Path, portals: list[RunningPortal]) -> None:
    running = start_portal(tmp_path / "data", demo="--empty")
    portals.append(running)
    described = running.description
    assert described.keys() == DESCRIBED
    assert described["logins"].keys() == {"admin"}
    assert described["referralLink"] is None
    rows = execute(
        described["databaseUrl"], "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM products)"
    )
    assert rows == [(1, 0)]
    assert "Referral link" not in running.log.read_text()
    assert _status(running.url) == 200


def test_rewards_that_the_demo_approves_are_minted_and_its_audit_is_clean(
    tmp_path: Path, portals: list[RunningPortal]
) -> None:
    running = start_portal(tmp_path / "data", demo="--history")
    portals.append(running)
    url = running.description["databaseUrl"]
    waiting = (
        "SELECT count(*) FROM referral_rewards"
        " WHERE status IN ('approved', 'minting') AND NOT waits_for_statement"
    )
    assert _wait_until(lambda: execute(url, waiting) == [(0,)], seconds=90)
    assert execute(url, "SELECT count(*) > 5 FROM referral_rewards WHERE status = 'minted'") == [(True,)]
    lines = [line for line in _command(running, "audit", "--json").splitlines() if line.startswith("{")]
    assert len(lines) > 35
    assert [line for line in lines if json.loads(line)["differences"]] == []


def _command(running: RunningPortal, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": running.description["databaseUrl"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def test_next_start_adopts_servers_of_a_killed_portal(running: RunningPortal, kept: Kept) -> None:
    folder, users = running.data_dir, _users(running)
    execute(running.description["databaseUrl"], "CREATE TABLE notes AS SELECT 'here' AS note")
    database = (folder / "postgres/postmaster.pid").read_text().split()[0]
    chain = json.loads((folder / "anvil.json").read_text())["pid"]

    running.kill_group()

    assert postgres_is_running(folder)
    assert chain_is_running(folder)
    assert _wait_until(lambda: is_port_free(_port(running)))
    second = kept.restart()
    assert (folder / "postgres/postmaster.pid").read_text().split()[0] == database
    assert json.loads((folder / "anvil.json").read_text())["pid"] == chain
    assert second.description == running.description
    assert execute(second.description["databaseUrl"], "SELECT note FROM notes") == [("here",)]
    assert _users(second) == users


def test_web_processes_end_when_only_the_command_is_killed(running: RunningPortal) -> None:
    assert len(_group(running)) >= 4  # the command, the supervisor, two workers

    running.process.kill()
    running.process.wait()

    assert _wait_until(lambda: not _group(running))
    assert is_port_free(_port(running))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_normal_stop_leaves_no_process_and_keeps_data(
    running: RunningPortal, kept: Kept, number: signal.Signals
) -> None:
    users = _users(running)

    os.killpg(running.process.pid, number)

    assert running.process.wait(60) == 0
    assert not _group(running)
    assert not postgres_is_running(running.data_dir)
    assert not chain_is_running(running.data_dir)
    assert not (running.data_dir / "dev.json").exists()
    next_one = kept.restart()
    assert next_one.description == running.description
    assert _users(next_one) == users
    assert "Deploying" not in next_one.log.read_text()


def test_lost_chain_is_deployed_again_and_data_remains(running: RunningPortal, kept: Kept) -> None:
    users = _users(running)
    running.stop()
    (running.data_dir / "chain-state.json").unlink()

    second = kept.restart()

    assert has_code(second.description["rpcUrl"], second.description["rewardsAddress"])
    assert _users(second) == users


def test_killed_server_is_restarted(running: RunningPortal) -> None:
    database = int((running.data_dir / "postgres/postmaster.pid").read_text().split()[0])

    os.kill(database, signal.SIGKILL)

    assert _wait_until(lambda: "restarting it ..." in running.log.read_text())
    assert _wait_until(lambda: postgres_is_running(running.data_dir))
    assert _users(running)


def test_command_ends_when_the_web_server_ends(running: RunningPortal) -> None:
    children = subprocess.run(
        ["pgrep", "-P", str(running.process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    web = next(int(pid) for pid in children if os.getpgid(int(pid)) == running.process.pid)

    os.kill(web, signal.SIGKILL)

    assert running.process.wait(60) == 1
    assert "Error: The web server ended by itself" in running.log.read_text()
    assert not postgres_is_running(running.data_dir)
    assert not chain_is_running(running.data_dir)
    assert _wait_until(lambda: not _group(running))


def test_second_portal_on_the_same_folder_is_refused(running: RunningPortal) -> None:
    # The file of its output is the one of the first: no later test reads that.
    process, log = launch_portal(running.data_dir)

    assert process.wait(60) == 1
    assert f"Another portal (process {running.process.pid}) already runs" in log.read_text()
    assert _status(f"{running.url}/healthz") == 200


def test_port_in_use_is_reported_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        process, log = launch_portal(tmp_path / "data", port=port)

        assert process.wait(60) == 1
    assert (
        log.read_text()
        .splitlines()[-1]
        .startswith(f"Error: Port {port} is in use: choose another with --port")
    )
    assert not (tmp_path / "data" / "postgres").exists()


def test_servers_stop_with_a_command_that_is_refused(tmp_path: Path, portals: list[RunningPortal]) -> None:
    process, log = launch_portal(tmp_path / "data", demo="--unknown")
    portals.append(RunningPortal(process, tmp_path / "data", log, {}))

    assert process.wait(60) == 2
    assert "No such option" in log.read_text()
    assert (tmp_path / "data" / "anvil.json").exists(), "they started while modules were loaded"
    assert not postgres_is_running(tmp_path / "data")
    assert not chain_is_running(tmp_path / "data")


def test_stop_while_modules_are_loaded_stops_the_servers(
    tmp_path: Path, portals: list[RunningPortal]
) -> None:
    process, log = launch_portal(tmp_path / "data")
    portals.append(RunningPortal(process, tmp_path / "data", log, {}))
    assert _wait_until((tmp_path / "data" / "anvil.json").exists)

    process.terminate()

    assert process.wait(60) == 0
    assert not postgres_is_running(tmp_path / "data")
    assert not chain_is_running(tmp_path / "data")


def test_unusable_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    process, log = launch_portal(tmp_path / "data")

    assert process.wait(60) == 1
    assert log.read_text().splitlines()[-1].endswith("/data cannot be read and written: file exists.")


def test_environment_takes_precedence(
    tmp_path: Path, portals: list[RunningPortal], database_url: str
) -> None:
    running = start_portal(tmp_path / "data", DATABASE_URL=database_url, CRON_SECRET="chosen-by-me")
    portals.append(running)

    assert running.description["databaseUrl"] == database_url
    assert running.description["cronSecret"] == "chosen-by-me"
    assert not (tmp_path / "data" / "postgres").exists()
