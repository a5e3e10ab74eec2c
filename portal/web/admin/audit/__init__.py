"""The audit across ledgers and chain, and the journal."""
