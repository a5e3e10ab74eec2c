"""The server process by process: stops in time, restarts and reloads without losing a request, survives its workers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from portal.dev.processes import pick_port, start_mark
from portal.serving.connections import has_connections
from portal.serving.supervisor import STOP_SECONDS
from tests.support.load import Load, load, wait_until
from tests.support.portals import PROJECT, clean_environment
from tests.support.repeats import repeats

STOPS = repeats(12, many=50)
# What docs/operations.md promises.
STOP_LIMIT = 20.0
PASS_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Served:
    """A supervisor with the small application of tests/support/served.py."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, pick_port()
        self.log, self.fails = folder / "output", folder / "fails"
        self.process: subprocess.Popen[bytes]

    def start(
        self, *, workers: int = 1, passed: socket.socket | None = None, drain: int = 0, **environment: str
    ) -> None:
        options = [
            "--factory",
            "tests.support.served:application",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        options += ["--workers", str(workers), "--threads", "8", "--log-level", "info"]
        options += ["--drain", str(drain)]
        command = [sys.executable, "-m", "portal.serving", *options]
        if passed is not None:
            # As systemd does: the socket as descriptor 3, and the process id that it is for.
            command = [sys.executable, "-c", PASS_SOCKET, str(passed.fileno()), *command]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=PROJECT, stdout=output, stderr=output, start_new_session=True,
                env={**clean_environment(), "SERVED_FAILS": str(self.fails), **environment},
                pass_fds=[passed.fileno()] if passed else [],
            )  # fmt: skip

    def get(self, path: str = "/") -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        with suppress(OSError):
            return bool(self.get())
        return False

    def wait_until_ready(self, workers: int = 1) -> None:
        wait_until(lambda: self.text().count("worker ready") >= workers)

    def text(self) -> str:
        return self.log.read_text()

    def stop(self) -> float:
        """Send SIGTERM and return the seconds until the process has ended."""
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(STOP_LIMIT) == 0
        return time.monotonic() - began

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    running = Served(tmp_path)
    yield running
    running.kill()


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield listener


def test_stops_under_load_end_in_time_and_lose_no_request(served: Served) -> None:
    with (
        listening() as listener,
        load((port := listener.getsockname()[1]), "/?seconds=0.01", threads=4) as seen,
    ):
        served.port = port
        for _ in range(STOPS):
            before = seen.answers
            served.start(passed=listener)
            wait_until(lambda before=before: seen.answers > before + 4)  # type: ignore[misc]
            assert served.stop() < STOP_LIMIT
        served.start(passed=listener)
    assert not seen.failures
    assert len(seen.bodies) > STOPS / 2, "answers of many processes"


def test_running_requests_end_and_new_ones_are_refused(served: Served) -> None:
    served.start()
    served.wait_until_ready()
    answers: list[str] = []
    requests = [
        threading.Thread(target=lambda path=path: answers.append(served.get(path)))  # type: ignore[misc]
        for path in ("/?seconds=2", "/parts?seconds=3")
    ]
    for each in requests:
        each.start()
    time.sleep(0.5)
    assert 1.5 < served.stop() < 10
    for each in requests:
        each.join()
    assert len(answers[0]) > 1
    assert answers[1] == "0 1 2 3 4 5 6 7 8 9 "
    with pytest.raises(ConnectionRefusedError):
        served.get()


def test_draining_server_serves_but_is_not_ready_until_a_second_signal(served: Served) -> None:
    served.start(workers=2, drain=600)
    served.wait_until_ready(2)
    pid = int(served.get())
    assert served.get("/readyz") == "ready"
    served.process.terminate()
    wait_until(lambda: {served.get("/readyz") for _ in range(10)} == {"stopping"})
    assert served.get()
    os.kill(pid, signal.SIGKILL)
    served.wait_until_ready(3)
    wait_until(lambda: {served.get("/readyz") for _ in range(10)} == {"stopping"})
    assert served.stop() < STOP_LIMIT
    with pytest.raises(ConnectionRefusedError):
        served.get()


def test_drain_ends_by_itself(served: Served) -> None:
    served.start(drain=1)
    served.wait_until_ready()
    assert served.stop() < STOP_LIMIT
    text = served.text()
    assert 0 < text.index("draining") < text.index("stopping")


def test_idle_connections_and_slow_senders_do_not_delay_a_stop(served: Served) -> None:
    served.start()
    served.wait_until_ready()
    with socket.create_connection(("127.0.0.1", served.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096)
        with socket.create_connection(("127.0.0.1", served.port)) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHos")
            assert served.stop() < STOP_SECONDS / 2


def test_jobs_and_requests_that_hang_end_with_the_time(served: Served) -> None:
    served.start(SERVED_HANGS="yes")
    served.wait_until_ready()
    with (
        suppress(OSError, http.client.HTTPException),
        socket.create_connection(("127.0.0.1", served.port)) as one,
    ):
        one.sendall(b"GET /?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        served.process.terminate()
        served.process.terminate()
        assert served.stop() < STOP_LIMIT


def answering_now(seen: Load) -> set[str]:
    """Forget who answered before and return who answers within a moment; replaced processes may still end."""
    seen.bodies.clear()
    time.sleep(0.5)
    return set(seen.bodies)


def test_reload_loses_no_request_and_brings_new_processes(served: Served) -> None:
    served.start(workers=2)
    served.wait_until_ready(2)
    with load(served.port) as seen:
        wait_until(lambda: len(seen.bodies) == 2)
        before = set(seen.bodies)
        for count in (4, 6, 8):
            served.process.send_signal(signal.SIGHUP)
            served.wait_until_ready(count)
        wait_until(lambda: not any(start_mark(int(pid)) for pid in before))
        wait_until(lambda: len(answering_now(seen)) == 2)
        assert not before & answering_now(seen)
    assert not seen.failures


def test_reload_that_fails_keeps_the_earlier_processes(served: Served) -> None:
    served.start()
    served.wait_until_ready()
    before = served.get()
    served.fails.touch()
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reload failed" in served.text())
    assert served.get() == before
    served.fails.unlink()
    served.process.send_signal(signal.SIGHUP)
    served.wait_until_ready(2)
    wait_until(lambda: served.get() != before)


def test_killed_workers_are_replaced_and_waiting_connections_answered(served: Served) -> None:
    served.start(workers=2)
    served.wait_until_ready(2)
    for count in range(3, 9, 2):
        pids = {int(served.get()) for _ in range(40)}
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        # Nobody accepts at this moment: the connection waits in the shared socket.
        assert int(served.get()) not in pids
        served.wait_until_ready(count)
    assert served.process.poll() is None


def test_workers_that_fail_to_start_later_are_tried_again(served: Served) -> None:
    served.start()
    served.wait_until_ready()
    served.fails.touch()
    os.kill(int(served.get()), signal.SIGKILL)
    wait_until(lambda: served.text().count("The settings are wrong.") >= 2)
    served.fails.unlink()
    served.wait_until_ready(2)
    assert served.get()


def test_first_start_that_fails_ends_with_its_sentence(served: Served) -> None:
    served.fails.touch()
    served.start(workers=2)
    assert served.process.wait(60) == 1
    assert "The settings are wrong." in served.text()


def test_stop_while_starting_ends_at_once(served: Served, tmp_path: Path) -> None:
    served.start(workers=2, SERVED_NEVER_STARTS=str(tmp_path / "begun"))
    wait_until((tmp_path / "begun").exists)
    assert served.stop() < STOP_SECONDS


def test_log_that_cannot_be_written_stops_nothing(served: Served) -> None:
    served.log = Path("/dev/full")
    served.start()
    wait_until(lambda: served.answers())
    pid = int(served.get())
    os.kill(pid, signal.SIGKILL)
    assert int(served.get()) != pid
    assert served.stop() < STOP_LIMIT


def test_port_in_use_is_one_sentence(served: Served) -> None:
    with listening() as listener:
        served.port = listener.getsockname()[1]
        served.start()
        assert served.process.wait(60) == 1
    assert served.text() == (
        f"Cannot listen on 127.0.0.1, port {served.port}: Address already in use."
        " Choose others with --host and --port.\n"
    )


def test_workers_end_with_their_supervisor(served: Served) -> None:
    served.start()
    served.wait_until_ready()
    pid = int(served.get())
    os.kill(served.process.pid, signal.SIGKILL)
    wait_until(lambda: start_mark(pid) is None)


def test_accepted_connections_are_seen_until_they_close() -> None:
    """A stop waits for their first request."""
    with listening() as listener:
        port = listener.getsockname()[1]
        assert not has_connections(port)
        with socket.create_connection(("127.0.0.1", port)):
            with listener.accept()[0]:
                assert has_connections(port)
            assert not has_connections(port)
