"""Run PostgreSQL as an unprivileged user when the portal runs as root, which PostgreSQL refuses.

That user must be able to reach the programs and the cluster, which may be below a folder that only root can enter (a
checkout in /root, a temporary folder). No folder mode is changed: the server gets the one capability to pass such
folders, and only if it needs it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from portal.dev.processes import LocalRuntimeError

_USER = "pgserver"
_REMEDY = "use an ordinary user, or set DATABASE_URL"
# Numbers of linux/capability.h. The first allows only reading and passing; containers often have only the second.
_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}
_SETPCAP = 8


def server_owner() -> pwd.struct_passwd | None:
    """Return the user that owns the cluster if this process is root, creating it if missing, else None."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        return _create_user()


def server_command(command: list[str], files: Path) -> list[str]:
    """Return a command that runs as the owner of the cluster; unchanged if this process is not root."""
    owner = server_owner()
    if owner is None:
        return command
    prefix = _drop_to(owner)
    if _reaches(prefix, Path(command[0]), files):
        return [*prefix, *command]
    return [*prefix, *_passing_closed_folders(files), *command]


def _drop_to(owner: pwd.struct_passwd) -> list[str]:
    program = shutil.which("setpriv")
    if not program:
        raise LocalRuntimeError(f"PostgreSQL does not run as root and `setpriv` is missing: {_REMEDY}.")
    return [program, f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


def _reaches(prefix: list[str], program: Path, files: Path) -> bool:
    test = ["test", "-x", str(program), "-a", "-x", str(files)]
    return subprocess.run([*prefix, *test], check=False, capture_output=True).returncode == 0


def _passing_closed_folders(files: Path) -> list[str]:
    capabilities = _effective_capabilities()
    # initdb checks its programs with access(), which honours a capability only without the "setuid fixup".
    securebits = ["--securebits=+no_setuid_fixup"] if capabilities & 1 << _SETPCAP else []
    for name, bit in _CAPABILITIES.items():
        if capabilities & 1 << bit:
            return [f"--inh-caps=+{name}", f"--ambient-caps=+{name}", *securebits]
    raise LocalRuntimeError(f"PostgreSQL, run by the user {_USER}, cannot reach {files}: {_REMEDY}.")


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _create_user() -> pwd.struct_passwd:
    flags = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    # A failure may mean that another start has just created the user, so only its absence counts.
    with contextlib.suppress(OSError):
        subprocess.run(["useradd", *flags, _USER], check=False, capture_output=True)
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        reason = f"PostgreSQL does not run as root and the user {_USER} cannot be created"
        raise LocalRuntimeError(f"{reason}: {_REMEDY}.") from None
