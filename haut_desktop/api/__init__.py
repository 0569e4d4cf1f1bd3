"""The platform as domain objects: the only place that knows HTTP and JSON keys."""
