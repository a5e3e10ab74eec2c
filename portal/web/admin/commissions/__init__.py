"""Settlements, payouts, product rates and vendor terms."""
