"""Answer the portal's calls to other servers inside a test, below `requests` and so with all of our own code."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import requests
from urllib3 import HTTPResponse

Answerer = Callable[[requests.PreparedRequest], "tuple[int, bytes]"]


def answer_calls(monkeypatch: pytest.MonkeyPatch, answer: Answerer) -> None:
    """Let a function answer every call with a status and a body; what it raises is raised to the caller."""

    def send(adapter: requests.adapters.HTTPAdapter, call: requests.PreparedRequest, **_: Any) -> Any:
        status, body = answer(call)
        raw = HTTPResponse(BytesIO(body), status=status, preload_content=False)
        return adapter.build_response(call, raw)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
