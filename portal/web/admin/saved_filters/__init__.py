"""Saved filters of admin pages."""
