"""The WSGI application: any server loads `wsgi:app`, every command is `flask --app wsgi ...`."""

import os

from portal.app import command_app, serve_requests

# A command is no server: the schedule belongs to the processes that answer requests.
app = command_app() if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else serve_requests()
