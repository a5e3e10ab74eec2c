"""`pip install .`: the package has everything that commands and pages read, and its commands run anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from portal import __version__
from tests.support.portals import PROJECT, clean_environment

pytestmark = pytest.mark.slow

_BUILT_FROM = (".env.example", "LICENSE", "README.md", "contracts", "jobs.py", "models.py", "portal",
               "pyproject.toml", "sql", "translations", "wsgi.py")  # fmt: skip
_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
_NOT_PACKAGED = {".md", ".po", ".pyc"}
_HINT = "from portal.cli.doctor_first_sale import MAKE_ADMIN; print(MAKE_ADMIN)"
_GONE = ("portal/templates/shop/gone.html", "portal/project/sql/functions/99_gone.sql", "portal/gone.py")
_KEPT = ("models.py", "portal/app.py", "portal/templates/shop/cart.html")
# A page, its translation, a static file and the SDK, all read from the package.
_PAGES = """
import json, portal
from portal.app import create_app
client = create_app().test_client()
answers = {path: client.get(path) for path in ("/", "/uk/", "/static/portal.css", "/healthz")}
print(json.dumps({"package": portal.__file__,
                  "statuses": {path: answer.status_code for path, answer in answers.items()},
                  "ukrainian": answers["/uk/"].get_data(as_text=True)}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package from a copy of the source tree: a build writes into the tree."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    source.mkdir()
    ignored = shutil.ignore_patterns(
        "node_modules", "out", "cache", "__pycache__", "*.mo", "build", "*.egg-info"
    )
    for name in _BUILT_FROM:
        path = PROJECT / name
        (shutil.copytree if path.is_dir() else shutil.copy)(path, source / name, **(
            {"ignore": ignored} if path.is_dir() else {}))  # fmt: skip
    _leave_earlier_build(source / "build" / "lib")
    command = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(source)]
    subprocess.run([*_PIP, *command], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def _leave_earlier_build(folder: Path) -> None:
    """Write what the build of another release left in the tree: files that are gone, and newer ones."""
    for name in (*_GONE, *_KEPT):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise SystemExit('another release')")
        os.utime(path, (2**31, 2**31))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Install the package into an environment of its own that has the other packages of this one."""
    environment = wheel.parent / "environment"
    venv.create(environment)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))
    (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = str(environment / "bin/python")
    subprocess.run(
        [*_PIP, "--python", python, "install", "--no-deps", "--no-index", "--no-compile", str(wheel)],
        check=True,
    )
    return environment / "bin"


def run(installed: Path, program: str, *arguments: str, **environment: str) -> str:
    # The first program compiles the modules for the others.
    own = {**clean_environment(), "PYTHONDONTWRITEBYTECODE": "", **environment}
    completed = subprocess.run(
        [str(installed / program), *arguments], cwd=installed.parent, env=own,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def test_package_has_every_file_that_the_portal_reads(wheel: Path) -> None:
    package = zipfile.ZipFile(wheel)
    names = set(package.namelist())
    source = wheel.parent / "source"
    own = {path.relative_to(source).as_posix() for path in (source / "portal").rglob("*")
           if path.is_file() and path.suffix not in _NOT_PACKAGED}  # fmt: skip
    folders = ("sql", "contracts/abi", "contracts/artifacts", "contracts/layouts", "contracts/src")
    copied = {f"portal/project/{path.relative_to(source)}"
              for folder in folders for path in (source / folder).rglob("*") if path.is_file()}  # fmt: skip
    catalogues = {
        f"portal/project/translations/{locale}/LC_MESSAGES/messages.mo" for locale in ("en", "ru", "uk")
    }
    modules = {"jobs.py", "models.py", "wsgi.py", "portal/project/.env.example"}
    assert own | copied | catalogues | modules <= names
    assert not names & set(_GONE), "what another release left behind"
    assert [package.read(name) for name in _KEPT] == [(PROJECT / name).read_bytes() for name in _KEPT]
    assert not {name for name in names if name.startswith("tests") or name.endswith((".po", ".pyc"))}


def test_installed_commands_run_outside_the_source_tree(installed: Path, database_url: str) -> None:
    assert "import-ring" in run(installed, "ring-portal", "--help")
    assert "applied" in run(installed, "ring-portal", "db", "status", DATABASE_URL=database_url)
    assert run(installed, "ring-portal", "--version") == f"ring-portal {__version__}\n"
    assert "`ring-portal user create" in run(installed, "python", "-c", _HINT)
    pages = json.loads(run(installed, "python", "-c", _PAGES, DATABASE_URL=database_url))
    assert pages["package"].startswith(str(installed.parent))
    assert set(pages["statuses"].values()) == {200}, pages["statuses"]
    assert "Увійти" in pages["ukrainian"]
