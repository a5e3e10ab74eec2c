"""Settlements, payouts, rates and vendor terms."""
