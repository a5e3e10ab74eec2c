"""Referrers and their share codes."""
