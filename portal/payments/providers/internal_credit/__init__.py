"""Internal credit: an append-only ledger of each user's credit, and paying from it."""
