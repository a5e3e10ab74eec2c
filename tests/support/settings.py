"""Settings of tests without an environment file."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from portal.settings import Settings, load_settings


def read_settings(**values: Any) -> Settings:
    """Return the settings for some values; they are frozen, so equal ones are read once, which takes 4 ms."""
    environment = tuple((name, value) for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST")
    return _read(tuple(values.items()), environment)


@lru_cache(maxsize=64)
def _read(values: tuple[tuple[str, Any], ...], _environment: tuple[tuple[str, str], ...]) -> Settings:
    return load_settings(_env_file=None, **dict(values))
