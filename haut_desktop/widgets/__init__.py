"""Layout and wiring: what is shown and where; decisions are the view models'."""
