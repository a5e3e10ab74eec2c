"""The development machine: an embedded PostgreSQL, a local chain and the web server around one data folder.

The database and the chain run in sessions of their own, outlive a killed portal and are adopted by the
next start on the same folder. Nothing of the portal's rooms is known here.
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
