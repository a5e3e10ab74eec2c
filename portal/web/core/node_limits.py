"""Limit how long a request waits for the node of the chain, so that one that never answers holds no threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from flask import Flask, current_app

from portal.chain import limited_node_calls

_CONFIG_KEY = "NODE_CALL_SECONDS"
_CALL_SECONDS = 2.0
_CALLS_PER_REQUEST = 2.5
# A round of minting sends several transactions; a slow node may take its time for each.
_MINTING_CALL_FACTOR = 2
_MINTING_CALLS = 8

WsgiApp = Callable[..., Iterable[bytes]]


def limit_node_calls(app: Flask) -> WsgiApp:
    """Return the application with every request limited: 2 seconds per call of a node, 5 for all calls together."""
    inner, config = app.wsgi_app, app.config
    config.setdefault(_CONFIG_KEY, _CALL_SECONDS)

    def limited(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seconds: float = config[_CONFIG_KEY]
        with limited_node_calls(call_seconds=seconds, total_seconds=seconds * _CALLS_PER_REQUEST):
            return inner(environ, start_response)

    return limited


def minting_limits() -> AbstractContextManager[None]:
    """Return the wider limits of a request that mints: 4 seconds per call, 32 for all."""
    seconds: float = current_app.config[_CONFIG_KEY] * _MINTING_CALL_FACTOR
    return limited_node_calls(call_seconds=seconds, total_seconds=seconds * _MINTING_CALLS)
