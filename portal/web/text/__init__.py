"""Codes, amounts and rows as text in the reader's language."""
