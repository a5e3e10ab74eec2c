"""Minting approved rewards on chain."""
