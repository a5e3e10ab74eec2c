"""Applications shared by the tests of a worker: building one costs more than most tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from flask import Flask

from portal.app import create_app
from portal.chain import open_chain
from portal.runtime import Portal
from portal.settings import Settings
from portal.web.core.security import limiter


@cache
def development_app() -> Flask:
    """Return an application with every route there is, for tests that only look at it; it has no database."""
    return create_app(Settings(_env_file=None, database_url="postgresql://nobody@127.0.0.1:1/none"))


@dataclass
class _Built:
    """An application and the state it had when it was built."""

    app: Flask
    config: dict[str, Any]
    portal: Portal
    limiter: dict[str, Any]

    def reset(self) -> None:
        """Undo what a test may have changed; the counters of the rate limits start at zero."""
        self.app.config.clear()
        self.app.config.update(self.config)
        settings = self.portal.settings
        self.app.extensions["portal"] = replace(self.portal, chain=open_chain(settings))
        self.app.extensions["health"].forget()
        self.app.extensions["stored_settings"].forget()
        self.app.extensions["proofs"].forget()
        vars(limiter).update(self.limiter)
        limiter.storage.reset()
        self.app.extensions["limit_counters"].reset()


class SharedApps:
    """Build applications and reuse them in later tests that want the same settings.

    Within one test every application is a different one, as every web process has its own.
    """

    def __init__(self, prepare: Callable[[Flask], None]) -> None:
        self._prepare = prepare
        self._free: list[_Built] = []
        self._in_use: list[_Built] = []

    def take(self, settings: Settings) -> Flask:
        """Return an application that no other part of this test uses."""
        built = next((each for each in self._free if each.portal.settings == settings), None)
        if built:
            self._free.remove(built)
            built.reset()
        else:
            built = self._build(settings)
        self._in_use.append(built)
        return built.app

    def give_back(self) -> None:
        """Let later tests use the applications of this one; one that talks to Redis is not used again."""
        self._free += [each for each in self._in_use if not each.portal.settings.redis_url]
        self._in_use.clear()

    def _build(self, settings: Settings) -> _Built:
        app = create_app(settings)
        self._prepare(app)
        return _Built(app, dict(app.config), replace(app.extensions["portal"]), dict(vars(limiter)))
