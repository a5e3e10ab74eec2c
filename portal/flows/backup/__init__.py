"""Back-ups that are proved, and restores that send nothing too early."""
