"""Benchmarks that report ratios within one run; none asserts a time."""
