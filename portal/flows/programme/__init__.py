"""What the programme decides from: facts about referrers, and a preview of other rules."""
