"""What a process loads when it starts: large libraries wait until the chain, a wallet or a picture needs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

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


@pytest.mark.slow
def test_large_libraries_are_loaded_when_they_are_used() -> None:
    program = f"import sys, portal.app; print([name for name in {_LATER!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
