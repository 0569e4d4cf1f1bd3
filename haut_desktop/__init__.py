"""Haut Desktop: the capture station of a clinical study site for the Haut.AI platform."""

__version__ = "0.1.0"
