"""Vendors: create, change, take off sale."""
