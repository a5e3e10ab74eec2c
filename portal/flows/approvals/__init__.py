"""Admin decisions about rewards."""
