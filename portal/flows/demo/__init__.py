"""Demo data for development."""
