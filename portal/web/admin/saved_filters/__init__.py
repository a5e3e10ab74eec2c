"""Named filters of admin pages."""
