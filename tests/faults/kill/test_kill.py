"""A part of the kills: every so-manieth moment of each kind of visit, and some random ones."""

from pathlib import Path

import pytest

from tests.faults.kill.points import AT_THE_STORE, ON_THE_DISK, ON_THE_NETWORK
from tests.faults.kill.run import Chosen, run, table_of
from tests.faults.kill.trial import open_bench

pytestmark = pytest.mark.timeout(500)

A_PART = Chosen(every=9, at_random=6)


def test_a_killed_visit_is_completed_by_the_next_start(tmp_path: Path) -> None:
    with open_bench(tmp_path) as bench:
        rows = run(bench, A_PART, lambda _words: None)
    assert not [words for row in rows for words in row.failures], table_of(rows)
    for kinds in (AT_THE_STORE, ON_THE_DISK, ON_THE_NETWORK):
        assert sum(row.killed(kinds) for row in rows) > 0
    for row in rows:
        assert row.killed([*AT_THE_STORE, *ON_THE_DISK, *ON_THE_NETWORK]) > 0
