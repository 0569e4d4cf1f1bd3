"""Values reach whoever is subscribed, and nobody else."""

from haut_desktop.services.broadcast import Broadcast


def test_every_subscriber_gets_every_value() -> None:
    broadcast, first, second = Broadcast[int](), list[int](), list[int]()
    broadcast.subscribe(first.append)
    broadcast.subscribe(second.append)
    broadcast.send(1)
    broadcast.send(2)
    assert (first, second) == ([1, 2], [1, 2])


def test_who_left_hears_nothing_more_and_may_leave_twice() -> None:
    broadcast, heard = Broadcast[int](), list[int]()
    leave = broadcast.subscribe(heard.append)
    leave()
    leave()
    broadcast.send(1)
    assert heard == []


def test_the_same_callback_may_subscribe_twice() -> None:
    broadcast, heard = Broadcast[int](), list[int]()
    leave = broadcast.subscribe(heard.append)
    broadcast.subscribe(heard.append)
    leave()
    broadcast.send(7)
    assert heard == [7]


def test_a_subscriber_may_end_anothers_subscription_while_a_value_is_sent() -> None:
    broadcast, heard = Broadcast[int](), list[int]()
    broadcast.subscribe(lambda _: leave())
    leave = broadcast.subscribe(heard.append)
    broadcast.send(1)
    assert heard == []
