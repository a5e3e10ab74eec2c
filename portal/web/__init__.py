"""HTTP by audience: blueprints call flows and queries and render; they never touch models."""
