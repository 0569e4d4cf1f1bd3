"""Blame decides: what pauses everything, what waits alone, and for how long."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import random
from typing import Final

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import RetryPolicy, Trouble, Waiting
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    NetworkError,
    OtherSignInError,
    PermissionRefusedError,
    ServerError,
    SignedOutError,
)
from haut_desktop.domain.ids import DatasetId
from haut_desktop.services.connectivity import Connectivity, Peer
from haut_desktop.services.pauses import Uptime, uptime
from haut_desktop.services.settling import InDoubtError
from haut_desktop.services.troubles import trouble_of

SERVER_ERRORS_THAT_PAUSE: Final = 3
"""So many in a row mean the platform, not the item."""
ACCOUNT_PAUSE: Final = timedelta(hours=1)
"""A missing right is looked at again at most this often."""

_log = logging.getLogger(__name__)


class Judge:
    """Turns an error into who waits: everything, or only what met it."""

    def __init__(
        self,
        *,
        connectivity: Connectivity,
        clock: Clock,
        policy: RetryPolicy | None = None,
        uptime: Uptime = uptime,
        is_signed_in: Callable[[], bool] = lambda: False,
    ) -> None:
        self._connectivity = connectivity
        self._is_signed_in = is_signed_in
        self._clock = clock
        self._policy = policy or RetryPolicy()
        self._uptime = uptime
        self._in_a_row = 0
        self._account_until: datetime | None = None
        # a clock that is set back makes the pause no longer; one that slept may end it earlier
        self._account_due_s = 0.0
        self._account_trouble: Trouble | None = None
        self._unreadable_until_s: dict[DatasetId, float] = {}

    @property
    def is_account_trusted(self) -> bool:
        """False while the account was told no and nobody signed in again."""
        if self._account_until is None or self._clock() >= self._account_until:
            return True
        return self._uptime() >= self._account_due_s

    @property
    def account_waits(self) -> Waiting | None:
        """What the account was told and when it is looked at again; None while it is trusted."""
        if self.is_account_trusted:
            return None
        left = timedelta(seconds=self._account_due_s - self._uptime())
        return Waiting(0, self._clock() + left, self._account_trouble)

    def may_read(self, dataset_id: DatasetId) -> bool:
        """False while the account was told that it may not see what is in the dataset."""
        return dataset_id not in self.unreadable

    @property
    def unreadable(self) -> frozenset[DatasetId]:
        """The datasets in which the account was told that it may not see what is there."""
        now_s = self._uptime()
        return frozenset(
            key for key, until_s in self._unreadable_until_s.items() if now_s < until_s
        )

    def forgive_account(self) -> None:
        """Somebody signed in, or asks to try at once."""
        self._account_until = None
        self._unreadable_until_s.clear()

    def praise(self, *, with_store: bool = False) -> None:
        """A step succeeded: the platform answers, and the object store if it took part."""
        self._in_a_row = 0
        self._connectivity.seen_online()
        if with_store:
            self._connectivity.seen_online(Peer.STORE)

    def sentence(self, error: HautError, before: Waiting) -> Waiting:
        """Pause what must pause; say when what met ``error`` is tried again.

        Network and account burn no attempt; the server's own waiting time wins over ours.
        """
        trouble = trouble_of(error)
        _log.info("delivery waits: %s", error.kind)
        if isinstance(error, NetworkError):
            peer = Peer.STORE if error.is_of_store else Peer.PLATFORM
            self._connectivity.pause(error, peer)
            return Waiting(before.attempt, None, trouble)
        if isinstance(error, OtherSignInError):
            return Waiting(before.attempt, None, trouble)  # for somebody, not for a time
        if isinstance(error, SignedOutError) and self._is_signed_in():
            # of tokens that were replaced, or accepted after all, while this was on its way
            return replace(self.later(error, before), trouble=None)
        if isinstance(error, AccountError):
            self._account_until = self._clock() + ACCOUNT_PAUSE
            self._account_due_s = self._uptime() + ACCOUNT_PAUSE.total_seconds()
            self._account_trouble = trouble
            return Waiting(before.attempt, None, trouble)
        if isinstance(error, ServerError) and not isinstance(error, InDoubtError):
            self._in_a_row += 1
            if self._in_a_row >= SERVER_ERRORS_THAT_PAUSE:
                self._connectivity.pause(error)
        return self.later(error, before)

    def sentence_reading(self, error: HautError, before: Waiting, dataset_id: DatasetId) -> Waiting:
        """As ``sentence``, where the platform was only asked for what it has.

        What the account may not see in one dataset may be sent all the same, and seen in another.
        """
        is_late = isinstance(error, SignedOutError) and self._is_signed_in()
        is_of_right = isinstance(error, AccountError) and not isinstance(error, OtherSignInError)
        if is_late or not is_of_right:
            return self.sentence(error, before)
        _log.info("asking waits: %s", error.kind)
        self._unreadable_until_s[dataset_id] = self._uptime() + ACCOUNT_PAUSE.total_seconds()
        return Waiting(before.attempt, None, trouble_of(error))

    def sentence_step(self, error: HautError, before: Waiting, dataset_id: DatasetId) -> Waiting:
        """As ``sentence``, for a step of sending that may have asked something first.

        Where only that was refused, the step waits by itself for as long as the account would:
        nothing is sent without the answer.
        """
        if not isinstance(error, PermissionRefusedError) or not error.is_of_question:
            return self.sentence(error, before)
        waiting = self.sentence_reading(error, before, dataset_id)
        return replace(waiting, retry_at=self._clock() + ACCOUNT_PAUSE)

    def later(self, error: HautError, before: Waiting) -> Waiting:
        """Let what met ``error`` wait by itself: nothing else does because of it."""
        asked_s = error.retry_after_s if isinstance(error, ServerError) else None
        attempt = before.attempt + 1
        delay_s = max(asked_s or 0.0, self._policy.delay_s(attempt, chance=random()))
        return Waiting(attempt, self._clock() + timedelta(seconds=delay_s), trouble_of(error))
