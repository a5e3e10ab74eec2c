"""The audit across ledgers and chain."""
