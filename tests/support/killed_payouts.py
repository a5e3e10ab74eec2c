"""A payout run in its own process, which is killed with SIGKILL at a failpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from portal.chain.sending import failpoints as labels
from portal.db import Actor, bind_database
from portal.flows.payouts.pay_settlements import run_payouts
from portal.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]


def run_payouts_and_die(label: str, **settings: Any) -> bool:
    """Start a run with these settings and return whether SIGKILL ended it at the label."""
    command = [sys.executable, "-m", "tests.support.killed_payouts", label, json.dumps(settings)]
    done = subprocess.run(command, cwd=ROOT, timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode == -signal.SIGKILL


def _main(label: str, values: str) -> None:
    settings = load_settings(_env_file=None, **json.loads(values))
    bind_database(str(settings.database_url))

    def die(passed: str) -> None:
        if passed == label:
            os.kill(os.getpid(), signal.SIGKILL)

    labels.listen(die)
    run_payouts(settings, Actor.job("payouts"))


if __name__ == "__main__":
    _main(*sys.argv[1:])
