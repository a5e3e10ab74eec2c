"""Every order of every store."""
