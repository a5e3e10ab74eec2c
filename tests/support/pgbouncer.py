"""A real PgBouncer in front of a test's database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from portal.dev.processes import pick_port

PROGRAM = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


@contextmanager
def pgbouncer(database_url: str, mode: str, *, sessions: int = 5) -> Iterator[str]:
    """Run PgBouncer in "session" or "transaction" mode with at most `sessions` server sessions; yield its URL."""
    parts, port = urlsplit(database_url), pick_port()
    name = parts.path.lstrip("/")
    server = f"host={parts.hostname} port={parts.port} user={parts.username} password={parts.password}"
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        folder.chmod(0o755)
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n{name} = {server} dbname={name}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = {sessions}\n"
            "max_client_conn = 500\nunix_socket_dir =\n"
        )
        process = subprocess.Popen(
            [str(PROGRAM), "-q", str(folder / "pgbouncer.ini")], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, user="nobody" if os.geteuid() == 0 else None,
        )  # fmt: skip
        try:
            _wait_until_listening(process, port)
            yield f"postgresql://portal:x@127.0.0.1:{port}/{name}"
        finally:
            process.kill()
            process.wait(10)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(0.05)
    raise AssertionError("PgBouncer did not start.")
