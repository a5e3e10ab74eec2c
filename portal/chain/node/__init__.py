"""The JSON-RPC node."""
