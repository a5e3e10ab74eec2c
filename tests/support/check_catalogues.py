"""Check the message catalogues: nothing missing, fuzzy or left over, and every placeholder kept.

Run by `make lint`: `python -m tests.support.check_catalogues` prints each difference and fails on any.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parents[2] / "translations"
# The source language: an empty translation means the text itself.
SOURCE = "en"
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|(?<!%)%[sd]|\{\w*\}")
# What the heads of the catalogues ask for: «», ’, and a no-break space before a dash.
_TYPOGRAPHY = re.compile(r"[“”]|(?<=[а-яіїєґё])'|[^\S\u00a0]—", re.IGNORECASE)


def problems(folder: Path = FOLDER) -> Iterator[str]:
    """Yield one sentence for each difference between the template and the catalogues."""
    template = _read(folder / "messages.pot", None)
    wanted = {_key(message) for message in template if message.id}
    for path in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        locale = path.parent.parent.name
        catalogue = _read(path, locale)
        present = {_key(message): message for message in catalogue if message.id}
        yield from (f"{locale}: missing {key[1]!r}" for key in sorted(wanted - present.keys(), key=str))
        yield from (f"{locale}: left over {key[1]!r}" for key in sorted(present.keys() - wanted, key=str))
        for message in present.values():
            yield from (
                f"{locale}: {reason}: {message.id!r}" for reason in _faults(message, catalogue, locale)
            )


def _faults(message: Message, catalogue: Catalog, locale: str) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy"
    sources = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
    texts = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
    if locale != SOURCE and not all(texts):
        yield "not translated"
    if len(sources) > 1 and any(texts) and len(texts) != catalogue.num_plurals:
        yield f"has {len(texts)} plural forms instead of {catalogue.num_plurals}"
    # A singular may leave the number out; no form may use a placeholder the source lacks.
    known = set().union(*map(_placeholders, sources))
    for text in filter(None, texts):
        if _placeholders(text) - known or (len(sources) == 1 and _placeholders(text) != known):
            yield "other placeholders"
        if locale != SOURCE and (sign := _TYPOGRAPHY.search(text)):
            yield f"has {sign[0]!r} where the head of the catalogue asks for another sign"


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def _key(message: Message) -> tuple[str | None, object]:
    return message.context, tuple(message.id) if isinstance(message.id, (list, tuple)) else message.id


def _read(path: Path, locale: str | None) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=locale)


def main() -> None:
    found = list(problems())
    print("\n".join(found) or "Catalogues are complete.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
