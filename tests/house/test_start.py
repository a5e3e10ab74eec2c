"""What a process loads when it starts: large libraries wait until the chain, a wallet or a picture needs them."""

from __future__ import annotations

import subprocess
import sys

_LATER = (
    "web3",
    "eth_account",
    "eth_keys",
    "eth_utils",
    "eth_abi",
    "py_ecc",
    "yoyo",
    "PIL",
    "apscheduler",
    "openpyxl",
)


def test_large_libraries_are_loaded_when_they_are_used() -> None:
    program = f"import sys, portal.app; print([name for name in {_LATER!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
