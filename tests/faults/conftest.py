"""The fault suite's tests end with a code of their own when some of them could not run here."""

import os

import pytest

from tests.faults.not_run import LIST_VARIABLE, reasons_of, say_not_run


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Name what was skipped to the fault suite; elsewhere a skipped test is no news."""
    if LIST_VARIABLE not in os.environ or exitstatus not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.TESTS_FAILED,
    ):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if not skipped:
        return
    code = say_not_run(reasons_of(skipped))
    if exitstatus == pytest.ExitCode.OK:
        session.exitstatus = code
