"""The fault matrix: every fault and hostile quirk at every step, by both routes."""
