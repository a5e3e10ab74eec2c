"""Bring the message catalogues up to date: `python -m tests.support.update_catalogues` (`make translations`).

New messages are added at the end, messages that no code uses are removed, and every other line stays as it is. No
translation is guessed from a similar message; what is untranslated is listed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from portal.dev.catalogues import compile_catalogues
from portal.lib.folders import PROJECT
from tests.support.check_catalogues import FOLDER, problems

TEMPLATE = FOLDER / "messages.pot"
_WIDTH = 76


def extract_messages(path: Path) -> None:
    """Write the messages of the code and the templates to a template file."""
    command = [sys.executable, "-m", "babel.messages.frontend", "extract", "-F", "translations/babel.cfg"]
    subprocess.run(
        [*command, "-k", "_", "-k", "ngettext:1,2", "--no-location", "-o", str(path), "."],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )


def update_catalogues() -> None:
    """Add and remove messages in the template and in every language, then compile the languages."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder, "messages.pot")
        extract_messages(fresh)
        _update(TEMPLATE, None, _read(fresh, None))
    template = _read(TEMPLATE, None)
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")):
        _update(path, path.parent.parent.name, template)
    compile_catalogues(FOLDER)


def _update(path: Path, locale: str | None, source: Catalog) -> None:
    catalogue = _read(path, locale)
    for message in list(catalogue):
        if message.id and source.get(message.id, message.context) is None:
            catalogue.delete(message.id, message.context)
    for message in source:
        if message.id and catalogue.get(message.id, message.context) is None:
            catalogue.add(message.id, flags=message.flags, context=message.context)
    with path.open("wb") as target:
        write_po(target, catalogue, width=_WIDTH)


def _read(path: Path, locale: str | None) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=locale)


def main() -> None:
    update_catalogues()
    print("\n".join(problems()) or "Catalogues are complete.")


if __name__ == "__main__":
    main()
