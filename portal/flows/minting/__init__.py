"""Mint approved rewards on chain."""
