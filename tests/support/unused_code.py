"""Find code that nothing uses: `python -m tests.support.unused_code`, run by `make lint`.

Attributes that templates read and names of the allow list count as used; use by tests does not.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from vulture import Vulture

PROJECT = Path(__file__).resolve().parents[2]
_PATHS = [str(PROJECT / name) for name in ("portal", "jobs.py", "wsgi.py")]
_CONFIDENCE = 60
_ATTRIBUTE = re.compile(r"\.([A-Za-z_]\w*)")
# Flask, click and pydantic call what these register.
_DECORATORS = [
    "@area_view*",
    "@blueprint.*", "@*.command", "@*.command(*)", "@login_manager.*", "@field_validator", "@model_validator",
]  # fmt: skip
_ALLOWED = [
    # Called or read by a library: Jinja, Flask-Login, psycopg2, click, urllib, werkzeug, Flask, limits, yoyo,
    # prometheus_client.
    "trim_blocks", "lstrip_blocks", "sort_keys", "get_id", "_login_user", "itersize", "savepoint", "convert",
    "redirect_request", "collect",
    "content_length", "model_config", "merge_slashes", "request_class", "session_interface", "open_session", "regex",
    "to_python", "_content", "command_class", "field_title_should_be_set", "immutable", "max_content_length",
    "MAX_IMAGE_PIXELS", "compress_type", "writable", "bytecode_cache", "ValueClass",
    "STORAGE_SCHEME", "base_exceptions", "cli", "make_globals", "_internal_schema_updated",
    # Read from the environment by their names, or members of a stored JSON document.
    "referral_minter_address", "deployer_private_key", "admin_address", "operator_address",
    # What the workers of `serve` and `dev` load by their names.
    "serve_jobs", "prepare_requests",
    # Called by setuptools, and the console script.
    "BuildPackage", "get_source_files", "main",
    # Values of a column that only the database and forms name.
    "MONTHLY", "OPEN",
    # Faults that tests put between two steps of a mint round.
    "listen",
    # How tests register a payment provider of their own.
    "registered",
    # How tests call a node again that failed.
    "forget_failures",
    # What a test compares with the schema.
    "NOT_EXPORTED",
]  # fmt: skip


def unused_code() -> list[str]:
    """Return one line per unused function, class, attribute or variable."""
    scanner = Vulture(ignore_names=_ALLOWED, ignore_decorators=_DECORATORS)
    scanner.scavenge(_PATHS)
    templates = PROJECT / "portal" / "templates"
    for path in sorted(templates.rglob("*.html")):
        names = set(_ATTRIBUTE.findall(path.read_text()))
        scanner.scan("\n".join(f"_.{name}" for name in sorted(names)), filename=str(path))
    items = scanner.get_unused_code(min_confidence=_CONFIDENCE)
    return [item.get_report() for item in items]


def main() -> None:
    unused = unused_code()
    print("\n".join(unused) or "No unused code.")
    sys.exit(bool(unused))


if __name__ == "__main__":
    main()
