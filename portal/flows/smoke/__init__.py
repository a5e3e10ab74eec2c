"""Smoke checks that walk through a live portal."""
