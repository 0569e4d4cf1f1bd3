"""The tests, in the same order of folders as the package they test."""
