"""The practice platform for the tests of the services."""

from tests.fakes.practice import practice_platform, shared_practice

__all__ = ["practice_platform", "shared_practice"]
