"""Settings that an admin changes while the portal runs, and those that stand in the environment."""
