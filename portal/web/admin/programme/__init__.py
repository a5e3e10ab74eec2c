"""The programme: versions of its rules, campaigns, bonuses of single referrers."""
