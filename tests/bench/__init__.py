"""Measurements, as ratios inside one run; nothing here asserts a time."""
