"""Payment callbacks, failed ledger entries and internal credit."""
