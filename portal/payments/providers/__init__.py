"""Payment providers, one folder per provider."""
