"""Vendors: create, edit, take off sale."""
