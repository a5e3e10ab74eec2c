"""Read-only views that combine several packages."""
