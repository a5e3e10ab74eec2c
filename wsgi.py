"""The WSGI application: any server loads `wsgi:app`, every command is `flask --app wsgi ...`."""

import os
import sys

from portal.app import create_app, serve
from portal.settings import SettingsInvalid

try:
    # A command is no server: the schedule belongs to the processes that answer requests.
    app = create_app() if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else serve()
except SettingsInvalid as error:
    sys.exit(str(error))
