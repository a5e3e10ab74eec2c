"""Backups that are verified, and restores that send nothing too early."""
