"""The listening socket of the server: opened here, or handed over by systemd (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

BACKLOG = 1024
# The first descriptor that systemd passes.
_FIRST_PASSED = 3


class CannotListen(Exception):
    """The address cannot be used; the message is one sentence for the operator."""


def open_listener(host: str, port: int, environment: MutableMapping[str, str] = os.environ) -> socket.socket:
    """Return the socket that systemd passed, or listen on an address. Raises CannotListen.

    A passed socket stays open in systemd while the service restarts: connections wait in it and none is refused.
    """
    passed = environment.pop("LISTEN_PID", "") == str(os.getpid())
    count = int(environment.pop("LISTEN_FDS", "0") or 0)
    environment.pop("LISTEN_FDNAMES", None)
    if passed and count:
        listener = socket.socket(fileno=_FIRST_PASSED)
        os.set_inheritable(_FIRST_PASSED, False)
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            sentence = f"Cannot listen on {host}, port {port}: {_reason(error)}. Choose others with --host and --port."
            raise CannotListen(sentence) from error
    listener.setblocking(False)
    return listener


def _reason(error: OSError) -> str:
    # Errors of names are negative.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
