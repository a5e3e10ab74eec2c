"""Refunds from a provider or an admin, on both ledgers."""
