"""The outbox as a model: random lives of a station, checked after every step."""
