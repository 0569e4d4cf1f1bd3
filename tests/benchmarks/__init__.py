"""Benchmarks: every row stands against something measured in the same run on the same computer."""
