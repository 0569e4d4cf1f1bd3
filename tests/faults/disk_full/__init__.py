"""A disk without room under the real program: clear words, nothing half made, and on it goes."""
