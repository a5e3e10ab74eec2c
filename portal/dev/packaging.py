"""Build a package: copy the folders that the portal reads besides `portal`, and compile the translations.

`pip install .` runs this in an environment with setuptools and Babel only, so it imports nothing else of the portal.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools.command.build_py import build_py

# What portal/lib/folders.py finds below PROJECT.
_COPIED = (
    ".env.example",
    "sql/**/*.sql",
    "contracts/abi/*.json",
    "contracts/artifacts/*.json",
    "contracts/layouts/*.json",
    "contracts/src/**/*.sol",
    "docs/stores/woocommerce/*.php",
)
_CATALOGUES = "translations/*/LC_MESSAGES/*.po"


class BuildPackage(build_py):  # type: ignore[misc]
    """Add `portal/project` to a package; an editable installation uses the source tree."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        self._remove_earlier_build()
        super().run()
        target = Path(self.build_lib, "portal", "project")
        for source in _find(*_COPIED):
            self._copy(source, target / source)
        for source in _find(_CATALOGUES):
            _compile(source, (target / source).with_suffix(".mo"))

    def get_source_files(self) -> list[str]:
        """Return the files of a source distribution."""
        return [*super().get_source_files(), *map(str, _find(*_COPIED, _CATALOGUES))]

    def _remove_earlier_build(self) -> None:
        """Remove what another release left: setuptools keeps deleted files, such as migrations, and newer ones."""
        shutil.rmtree(Path(self.build_lib, "portal"), ignore_errors=True)
        for module in self.py_modules or ():
            Path(self.build_lib, f"{module}.py").unlink(missing_ok=True)

    def _copy(self, source: Path, target: Path) -> None:
        self.mkpath(str(target.parent))
        self.copy_file(str(source), str(target), preserve_mode=False)


def _find(*patterns: str) -> list[Path]:
    """Return the files of the source tree, relative to it: a build runs in its root."""
    return [path for pattern in patterns for path in sorted(Path().glob(pattern))]


def _compile(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as text, target.open("wb") as compiled:
        write_mo(compiled, read_po(text, locale=source.parts[1]))
