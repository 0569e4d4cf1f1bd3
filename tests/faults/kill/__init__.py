"""The program is killed at every commit, every rename and every network step of a visit."""
