"""The station's memory: the encrypted database, the sealed pictures and the keys to both."""
