"""`flask serve`: the production server, as web processes, as the process of the schedule, or both in one."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from portal.cli.common import PortalCommand, portal
from portal.lib.folders import IS_INSTALLED, PROJECT
from portal.settings import without_file

# The application of each role; the setting SCHEDULER_ENABLED of its workers.
_ROLES = {
    "web": ("portal.app:serve_requests", "false"),
    "jobs": ("portal.app:serve_jobs", "true"),
    "all": ("portal.app:serve_requests", "true"),
}
_COMMAND_MARK = "FLASK_RUN_FROM_CLI"


@click.command(cls=PortalCommand)
@click.option(
    "--role", type=click.Choice(list(_ROLES)), help="Answer requests (web), run jobs, or both (all)."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Number of processes. Default: 2, for --role jobs 1."
)
@click.option(
    "--threads",
    default=8,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Simultaneous requests per process.",
)
@click.option(
    "--drain", default=0, show_default=True, type=click.IntRange(0, 60),
    help="Seconds to keep serving after SIGTERM while /readyz fails, for load balancers.",
)  # fmt: skip
def serve(role: str | None, host: str, port: int, workers: int | None, threads: int, drain: int) -> NoReturn:
    """Serve until SIGTERM. SIGHUP reloads code and settings without losing a request.

    Without --role, the setting SCHEDULER_ENABLED chooses between all and web.
    """
    settings = portal().settings
    if not settings.database_url:
        raise click.ClickException("Set DATABASE_URL, or start a development portal with `dev`.")
    role = role or ("all" if settings.scheduler_enabled else "web")
    factory, scheduler = _ROLES[role]
    count = workers or (1 if role == "jobs" else 2)
    command = ["--factory", factory, "--host", host, "--port", str(port), "--workers", str(count)]
    command += ["--threads", str(threads), "--drain", str(drain), "--log-level", settings.log_level]
    if settings.is_production:
        command.append("--json-logs")
    environment = without_file(os.environ)
    environment.pop(_COMMAND_MARK, None)
    if not IS_INSTALLED:
        # `flask --app FOLDER/wsgi.py` works in any folder, and the server has to find the portal there, too.
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(PROJECT), environment.get("PYTHONPATH")])
        )
    sys.stdout.flush()
    # The supervisor keeps the process id and drops everything that this command has loaded.
    os.execve(
        sys.executable,
        [sys.executable, "-m", "portal.serving", *command],
        {**environment, "SCHEDULER_ENABLED": scheduler},
    )
