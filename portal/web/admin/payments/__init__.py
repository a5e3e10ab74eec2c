"""Provider callbacks, failed ledgers and internal credit."""
