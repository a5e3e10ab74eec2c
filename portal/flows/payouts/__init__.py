"""Paying vendors what is due."""
