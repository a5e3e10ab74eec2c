"""The production server: a supervisor and worker processes that share one listening socket.

The supervisor imports nothing of the portal but its logs, so that it stays small and a reload brings new code. See
docs/operations.md.
"""
