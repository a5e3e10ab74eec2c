"""What a process loads when it starts: libraries of the chain wait until the chain or a wallet is used."""

from __future__ import annotations

import subprocess
import sys

_LATER = ("web3", "eth_account", "eth_keys", "eth_utils", "eth_abi", "py_ecc", "yoyo", "openpyxl")


def test_libraries_of_the_chain_are_loaded_when_they_are_used() -> None:
    program = f"import sys, portal.app; print([name for name in {_LATER!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
