"""What an error code is answered with: an HTTP status and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Params = Mapping[str, Any]


class Answer(NamedTuple):
    """The HTTP status of an error code, and the function that returns its sentence from the error's params."""

    status: int
    sentence: Callable[[Params], str]


ErrorTable = dict[str, Answer]
