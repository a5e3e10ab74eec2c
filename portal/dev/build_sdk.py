"""Build the snippet of stores from its source: `python -m portal.dev.build_sdk`.

Comments and superfluous spaces are dropped, and names that the source declares are shortened. The source stays within
what this can read: every statement ends with a semicolon, comments start with `//` and stand on lines of their own, a
template contains no template, and a regular expression does not follow a word or a closing bracket.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

VERSION = "1.1.0"
FOLDER = Path(__file__).resolve().parents[1] / "sdk"
SOURCE, BUILT = FOLDER / "ring.js", FOLDER / "releases" / f"{VERSION}.js"

_TOKEN = re.compile(
    r"""
    "(?:[^"\\\n]|\\.)*" | `(?:[^`\\]|\\.)*`
    | (?<![\w)\]}\s])\s*/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*
    | [A-Za-z_$][\w$]* | [\d.]+(?<=\d) | \s+ | \.{3} | \?\. | .
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
_WORD = re.compile(r"[\w$]")
_IN_TEMPLATE = re.compile(r"\$\{([^}]*)\}")


def build(source: str) -> str:
    """Return the text of the served file."""
    code = _COMMENT.sub("", source)
    tokens = list(_tokens(code))
    names = _short_names(code, tokens)
    return "".join(_joined(_renamed(token, names) for token in tokens)).replace(";}", "}") + "\n"


def _tokens(code: str) -> Iterator[str]:
    for token in _TOKEN.findall(code):
        if token.isspace():
            yield " "
        else:
            yield token.lstrip()


def _short_names(code: str, tokens: list[str]) -> dict[str, str]:
    """Return a letter for each declared name that is nowhere the name of a property."""
    declared = dict.fromkeys(re.findall(r"\b(?:const|let) (\w+)", code))
    properties = _property_names(code, tokens)
    taken = set(tokens) | {word for token in tokens if token[0] == "`" for word in re.findall(r"\w+", token)}
    letters = (letter for letter in string.ascii_letters if letter not in taken)
    return dict(
        zip((name for name in declared if name not in properties and len(name) > 1), letters, strict=False)
    )


def _property_names(code: str, tokens: list[str]) -> set[str]:
    after_dot = {name for dot, name in pairwise(tokens) if dot in (".", "?.")}
    before_colon = {name for name, colon in pairwise(tokens) if colon == ":"}
    # `{ code, store }` names properties and variables at once.
    in_braces = {
        name for group in re.findall(r"(?<!\$)\{([^{};]*)\}", code) for name in re.findall(r"\w+", group)
    }
    return after_dot | before_colon | in_braces


def _renamed(token: str, names: dict[str, str]) -> str:
    if token[0] != "`":
        return names.get(token, token)

    def shorten(part: re.Match[str]) -> str:
        return "${" + "".join(_joined(names.get(each, each) for each in _tokens(part[1]))) + "}"

    return _IN_TEMPLATE.sub(shorten, token)


def _joined(tokens: Iterable[str]) -> Iterator[str]:
    """Yield the tokens with a space only between two words."""
    last, is_apart = "", False
    for each in tokens:
        if each.isspace():
            is_apart = True
            continue
        if is_apart and last and _WORD.match(last[-1]) and _WORD.match(each[0]):
            yield " "
        yield each
        last, is_apart = each, False


def main() -> None:
    """Write the served file."""
    BUILT.write_text(build(SOURCE.read_text()))


if __name__ == "__main__":
    main()
