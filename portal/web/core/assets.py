"""Static files under content-hashed names, cached for a year and served by WhiteNoise."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from whitenoise import WhiteNoise

from portal.lib.folders import STATIC

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_PREFIX = "static"


@lru_cache(maxsize=256)
def asset(name: str) -> str:
    """Return the hashed URL of a file in `portal/static`; raise FileNotFoundError."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    path = Path(name)
    return f"/{_PREFIX}/{path.with_name(f'{path.stem}.{digest}{path.suffix}')}"


def serve_static(app: WSGIApplication) -> WhiteNoise:
    """Wrap the application to serve every static file under its plain and its hashed name."""
    server = WhiteNoise(
        app,
        autorefresh=False,
        allow_all_origins=False,
        immutable_file_test=_is_hashed,
        mimetypes={".svg": "image/svg+xml; charset=utf-8"},
    )
    for file in sorted(STATIC.rglob("*")):
        if file.is_file():
            name = file.relative_to(STATIC).as_posix()
            server.add_file_to_dictionary(f"/{_PREFIX}/{name}", str(file))
            server.add_file_to_dictionary(asset(name), str(file))
    return server


def _is_hashed(path: str, url: str) -> bool:
    return re.search(r"\.[0-9a-f]{12}\.\w+$", url) is not None
