"""Sending transactions that survive crashes and reorganizations."""
