"""The source tree: vendored files are unchanged, files and functions are short, money is exact."""

from __future__ import annotations

import ast
import gzip
import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
STATIC = PROJECT / "portal" / "static"
LOCK = json.loads((STATIC / "vendor" / "vendor.lock.json").read_text())
# The markers are split so that this file passes its own search.
_MARKER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
_KB = 1024
# Large libraries, and modules that need one, which most processes never use: tests/house/test_start.py.
_LOADED_WHEN_USED = {
    "Crypto.Cipher",
    "Crypto.Hash",
    "Crypto.PublicKey",
    "Crypto.Signature",
    "portal.scheduler",
    "babel.messages.mofile",
    "babel.messages.pofile",
    "eth_abi.abi",
    "eth_abi.exceptions",
    "eth_account",
    "eth_keys.datatypes",
    "idna",
    "portal.chain.account_signatures",
    "portal.db.yoyo_files",
    "portal.flows.demo.draw_pictures",
    "portal.lib.email_syntax",
    "portal.lib.picture_files",
    "portal.web.api.openapi.document",
    "segno",
    "web3",
    "web3.exceptions",
}


def python_files() -> list[Path]:
    return [
        *sorted((PROJECT / "portal").rglob("*.py")),
        *(PROJECT / name for name in ("models.py", "jobs.py", "wsgi.py")),
    ]


def tracked_files() -> list[Path]:
    """Return the files of the repository, tracked or not yet ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listing.stdout.decode().split("\0") if name]
    return [path for name in names if (path := PROJECT / name).is_file()]


@pytest.mark.parametrize("entry", LOCK["files"], ids=lambda entry: entry["file"])
def test_vendored_file_matches_its_checksum(entry: dict[str, str]) -> None:
    assert hashlib.sha256((STATIC / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["version"]
    assert entry["licence"]


def test_every_vendored_file_is_in_the_lock() -> None:
    known = {entry["file"] for entry in LOCK["files"]} | {
        "vendor/vendor.lock.json", "vendor/LICENSES.txt", "vendor/tabler.scss",
    }  # fmt: skip
    assert {path.relative_to(STATIC).as_posix() for path in (STATIC / "vendor").iterdir()} <= known


def test_no_unfinished_work_is_marked() -> None:
    vendored = {STATIC / entry["file"] for entry in LOCK["files"]}
    offences = []
    for path in tracked_files():
        if path in vendored or "lock" in path.name or "artifacts" in path.parts:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        offences += [f"{path.relative_to(PROJECT)}: {match[0]}" for match in _MARKER.finditer(text)]
    assert not offences


def test_no_secret_file_is_tracked() -> None:
    names = {path.relative_to(PROJECT).as_posix() for path in tracked_files()}
    assert not {name for name in names if Path(name).name == ".env" or name.endswith((".pem", ".key", ".mo"))}


# ---------------------------------------------------------------------- code


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


def test_functions_are_short() -> None:
    """Signature and docstring are not counted, only the body."""
    long = []
    for path in python_files():
        for function in functions(path):
            body = function.body[1:] if ast.get_docstring(function) else function.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > 40:
                long.append(
                    f"{path.relative_to(PROJECT)}:{function.lineno} {function.name} has {lines} lines"
                )
    assert not long


def test_names_of_test_files_are_unique() -> None:
    """Test folders are not packages: pytest collects only the first of two files with the same name."""
    names = [path.name for path in (PROJECT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_files_are_short() -> None:
    long = [f"{path.relative_to(PROJECT)}: {count}" for path in python_files()
            if path.name != "models.py" and (count := len(path.read_text().splitlines())) > 400]  # fmt: skip
    assert not long


def test_imports_are_at_module_level() -> None:
    offences = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for path in python_files()
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import)
        or (isinstance(node, ast.ImportFrom) and node.module not in _LOADED_WHEN_USED)
    ]
    assert not offences


def test_no_value_is_a_float() -> None:
    offences = []
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
                offences.append(f"{path.relative_to(PROJECT)}:{node.lineno} float()")
            if isinstance(node, ast.Name) and node.id in ("FloatField", "DoubleField"):
                offences.append(f"{path.relative_to(PROJECT)}:{node.lineno} {node.id}")
    assert not offences
    inexact = re.compile(r"\b(?:real|float\d?|double precision)\b", re.IGNORECASE)
    bare = {path.name: re.sub(r"--.*", "", path.read_text()) for path in (PROJECT / "sql").rglob("*.sql")}
    assert not {name: inexact.findall(text) for name, text in bare.items() if inexact.search(text)}


def test_money_packages_contain_no_float_literals() -> None:
    packages = ("commissions", "rewards", "payments", "shop", "lib")
    offences = [
        f"{path.relative_to(PROJECT)}:{node.lineno} {node.value}"
        for package in packages
        for path in sorted((PROJECT / "portal" / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert not offences


# ---------------------------------------------------------------------- weights


def gzipped(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


def test_styles_and_scripts_are_small() -> None:
    assert gzipped(*STATIC.rglob("*.css")) <= 85 * _KB
    assert gzipped(*STATIC.rglob("*.js")) <= 25 * _KB


def test_scripts_are_present_and_use_no_unsafe_calls() -> None:
    scripts = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    assert {"portal.js", "theme.js", "vendor/htmx.min.js"} <= scripts
    for path in STATIC.rglob("*.js"):
        if "vendor" not in path.parts:
            assert not re.search(r"\beval\(|new Function|document\.write|innerHTML", path.read_text()), (
                path.name
            )
