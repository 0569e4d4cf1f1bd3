"""Decisions about what is shown, in QtCore and QtGui; no widget is drawn here."""
