"""One sender, many listeners, no queue: ``send`` returns when every subscriber was called."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Broadcast(Generic[T]):
    """Calls every subscriber with every value; a subscriber may leave while a value is sent."""

    def __init__(self) -> None:
        self._subscribers: dict[object, Callable[[T], None]] = {}

    def subscribe(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Call ``callback`` with every value from now on; calling the result ends it."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def send(self, value: T) -> None:
        """Hand ``value`` to everybody who is subscribed at this moment."""
        for key, callback in tuple(self._subscribers.items()):
            if key in self._subscribers:
                callback(value)
