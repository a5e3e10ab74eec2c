"""The WSGI application: any server loads `wsgi:app`, every command is `flask --app wsgi ...`."""

import os
import sys

from portal.app import create_app, serve
from portal.cli.running_portal import command_settings
from portal.settings import SettingsInvalid

try:
    # A command is no server: the schedule belongs to the processes that answer requests.
    is_command = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
    app = create_app(command_settings()) if is_command else serve()
except SettingsInvalid as error:
    sys.exit(str(error))
