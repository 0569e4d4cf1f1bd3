"""The practice platform's accounts, one click each."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from haut_desktop.viewmodels.sign_in import PracticeAccount
from haut_desktop.widgets.boxes import column
from haut_desktop.widgets.buttons import button
from haut_desktop.widgets.labels import caption


class PracticeAccounts(QWidget):
    """Offers accounts to pick; hidden where there are none."""

    def __init__(
        self, accounts: tuple[PracticeAccount, ...], pick: Callable[[str, str], None]
    ) -> None:
        super().__init__()
        rows = []
        for number, account in enumerate(accounts, 1):
            name = account.username.partition("@")[0]
            words = name if name == account.role else f"{name} ({account.role})"
            made = button(words, role="choice", icon="subjects", key=f"Alt+{number}")
            made.setToolTip(f"{account.username} (Alt+{number})")
            made.setObjectName(f"practice-account-{number}")
            made.clicked.connect(_picker(account, pick))
            rows.append(made)
        self.setLayout(column(caption("Practice accounts: choose one to fill in"), *rows, gap=4))
        if not accounts:
            self.hide()


def _picker(account: PracticeAccount, pick: Callable[[str, str], None]) -> Callable[[], None]:
    return lambda: pick(account.username, account.password)
