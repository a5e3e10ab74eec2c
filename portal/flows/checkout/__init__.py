"""Checkout: orders, payments, provider callbacks and both ledgers."""
