"""The servers of a development portal: an embedded PostgreSQL, a local chain and the web server, in one data folder.

The database and the chain run in their own sessions, survive a killed portal and are adopted by the next start on the
same folder. This package imports no domain package.
"""

from portal.dev.anvil import chain_is_running, save_chain, start_chain, stop_chain
from portal.dev.postgres import postgres_is_running, start_postgres, stop_postgres
from portal.dev.processes import LocalRuntimeError

__all__ = [
    "LocalRuntimeError",
    "chain_is_running",
    "postgres_is_running",
    "save_chain",
    "start_chain",
    "start_postgres",
    "stop_chain",
    "stop_postgres",
]
