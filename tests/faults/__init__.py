"""Faults done to the real program: what was promised must still be there afterwards."""
