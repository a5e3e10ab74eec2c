"""The stories that cross rooms, one file each; the only place where two rooms meet."""
