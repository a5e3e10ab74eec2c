"""Two PostgreSQL servers under Patroni with etcd and HAProxy, all of Debian's packages, on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.dev.processes import pick_port

OWNER = "postgres"
NEEDED = ("etcd", "patroni", "haproxy")
BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nowhere"))
# docs/deploy/high-availability.md shows the same settings. A host that is lost is noticed after `ttl` seconds.
TTL, LOOP_WAIT, RETRY_TIMEOUT = 20, 5, 5
_PASSWORD = "loopback only"


def missing_programs() -> list[str]:
    """Return what this machine lacks."""
    missing = [name for name in NEEDED if not _program(name)]
    return missing + ([] if (BINARIES / "postgres").exists() else ["postgresql"])


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


@dataclass
class Node:
    """One host: Patroni and its PostgreSQL, in one session of processes."""

    name: str
    folder: Path
    port: int = field(default_factory=pick_port)
    api: int = field(default_factory=pick_port)
    process: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """Kill Patroni and every process of PostgreSQL at once, as when the host loses power."""
        with contextlib.suppress(OSError, ValueError):
            postmaster = int((self.folder / "data/postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGSTOP)
            for child in _children_of(postmaster):
                os.kill(child, signal.SIGKILL)
            os.kill(postmaster, signal.SIGKILL)
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def kill_database(self) -> None:
        """Kill the main process of PostgreSQL only: Patroni sees it at once."""
        postmaster = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)

    def answers(self, path: str) -> bool:
        """Return whether Patroni answers 200 at a path such as /primary."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api}{path}", timeout=3) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


class Cluster:
    """The servers, their etcd, and HAProxy in front: one port for the primary, one for a replica."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        shutil.chown(folder, OWNER, OWNER)
        self._folder = folder
        self._etcd, self._peer = pick_port(), pick_port()
        self.nodes = [Node(name, folder / name) for name in ("one", "two")]
        self.primary_port, self.replica_port = pick_port(), pick_port()
        self._others: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return self._url(self.primary_port)

    @property
    def replica_url(self) -> str:
        return self._url(self.replica_port)

    def _url(self, port: int) -> str:
        return f"postgresql://{OWNER}:{_PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/postgres"

    def start(self) -> None:
        """Start everything and wait until a synchronous replica follows."""
        self._others.append(self._spawn("etcd", self._etcd_command(), OWNER))
        _wait_until(self._etcd_answers, 60)
        self._others.append(self._spawn("haproxy", ["haproxy", "-db", "-f", str(self._haproxy_file())]))
        for node in self.nodes:
            self.start_node(node)
            _wait_until(lambda node=node: node.answers("/health"), 180)  # type: ignore[misc]
        self.wait_until_safe()

    def start_node(self, node: Node) -> None:
        node.folder.mkdir(exist_ok=True)
        shutil.chown(node.folder, OWNER, OWNER)
        file = node.folder / "patroni.json"
        file.write_text(json.dumps(self._patroni_settings(node)))
        file.chmod(0o644)
        node.process = self._spawn(node.name, ["patroni", str(file)], OWNER)

    def primary(self) -> Node | None:
        return next((node for node in self.nodes if node.answers("/primary")), None)

    def wait_until_safe(self, seconds: float = 180) -> None:
        """Wait until one server is the primary and the other one has all that it acknowledges."""
        _wait_until(
            lambda: self.primary() is not None and any(node.answers("/synchronous") for node in self.nodes),
            seconds,
        )

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()
        for process in self._others:
            process.kill()
            process.wait(10)

    # ------------------------------------------------------------------ files and processes

    def _spawn(self, name: str, command: list[str], user: str | None = None) -> subprocess.Popen[bytes]:
        owner = pwd.getpwnam(user) if user else None
        with (self._folder / f"{name}.log").open("ab") as output:
            return subprocess.Popen(
                [str(_program(command[0])), *command[1:]], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, cwd=self._folder, user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None, extra_groups=[] if owner else None,
                env={"PATH": f"{BINARIES}:/usr/sbin:/usr/bin:/bin", "HOME": str(self._folder), "LC_ALL": "C.UTF-8"},
            )  # fmt: skip

    def _etcd_command(self) -> list[str]:
        client, peer = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._peer}"
        return [
            "etcd", "--name", "one", "--data-dir", str(self._folder / "etcd"), "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"one={peer}",
        ]  # fmt: skip

    def _etcd_answers(self) -> bool:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{self._etcd}/health", timeout=2).close()
            return True
        return False

    def _patroni_settings(self, node: Node) -> dict[str, Any]:
        account = {"username": OWNER, "password": _PASSWORD}
        return {
            "scope": "portal",
            "name": node.name,
            "restapi": {"listen": f"127.0.0.1:{node.api}", "connect_address": f"127.0.0.1:{node.api}"},
            "etcd3": {"host": f"127.0.0.1:{self._etcd}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL, "loop_wait": LOOP_WAIT, "retry_timeout": RETRY_TIMEOUT,
                    "maximum_lag_on_failover": 1048576, "synchronous_mode": True,
                    "postgresql": {
                        "use_pg_rewind": True, "use_slots": True,
                        "parameters": {"max_connections": 200, "wal_log_hints": "on", "shared_buffers": "64MB"},
                    },
                },
                "initdb": [{"encoding": "UTF8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{node.port}", "connect_address": f"127.0.0.1:{node.port}",
                "data_dir": str(node.folder / "data"), "bin_dir": str(BINARIES),
                "authentication": {"superuser": account, "replication": account, "rewind": account},
                "pg_hba": [f"host {what} all 127.0.0.1/32 scram-sha-256" for what in ("all", "replication")],
                "parameters": {"unix_socket_directories": str(node.folder)},
            },
        }  # fmt: skip

    def _haproxy_file(self) -> Path:
        listeners = (("primary", self.primary_port, "/primary"), ("replica", self.replica_port, "/replica"))
        text = "global\n  maxconn 1000\ndefaults\n  mode tcp\n"
        text += "  timeout connect 3s\n  timeout client 24h\n  timeout server 24h\n"
        for name, port, path in listeners:
            text += f"listen {name}\n  bind 127.0.0.1:{port}\n  option httpchk GET {path}\n"
            text += "  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions\n"
            for node in self.nodes:
                text += f"  server {node.name} 127.0.0.1:{node.port} check port {node.api}\n"
        file = self._folder / "haproxy.cfg"
        file.write_text(text)
        return file


def _children_of(parent: int) -> list[int]:
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                children.append(int(folder.name))
    return children


def _wait_until(is_true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError("the cluster does not become ready")
        time.sleep(0.3)
