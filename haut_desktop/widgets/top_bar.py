"""The top bar: study, site, operator, connection, token and outbox, always in sight."""

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy

from haut_desktop.viewmodels.phrase import Phrase
from haut_desktop.viewmodels.status import Status
from haut_desktop.widgets.badge import TONE_ICONS, Badge
from haut_desktop.widgets.boxes import column, named, row
from haut_desktop.widgets.buttons import change_text, icon_button, quiet_button
from haut_desktop.widgets.elided_button import ElidedButton
from haut_desktop.widgets.icons import dress
from haut_desktop.widgets.labels import ElidedLabel, caption
from haut_desktop.widgets.theme import Appearance, Scheme
from haut_desktop.widgets.tokens import Tone


class TopBar(QFrame):
    """Says where one is and whether things go out; offers study, sign-in and look."""

    study_wanted = Signal()
    sign_in_wanted = Signal()
    sign_out_wanted = Signal()
    outbox_wanted = Signal()
    station_wanted = Signal()

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self.setProperty("frame_role", "bar")
        self.setFixedHeight(56)
        self._study = ElidedButton(icon="study", key="Ctrl+T", tip="Choose study")
        self._site = caption("")
        self._outbox = named(ElidedButton(icon="outbox", tip="Open the outbox"), "outbox-status")
        self._space = quiet_button("", tip="Look at this station's disk")
        self._space.setObjectName("space")
        self._connection = Badge("Connecting…", Tone.NEUTRAL, icon="clock")
        # the others give way: whether anything can be sent stays readable at every width
        self._connection.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._operator = ElidedLabel()
        self._token = ElidedLabel("caption")
        self._account = icon_button("down", "Account", key="Ctrl+Shift+A")
        self._scheme = icon_button("light", "Light or dark", key="Ctrl+Shift+D")
        self._account.setMenu(self._account_menu())
        self._account.setPopupMode(self._account.ToolButtonPopupMode.InstantPopup)
        who = column(None, self._operator, self._token, None, gap=0)
        for text in (self._operator, self._token):
            text.setAlignment(Qt.AlignmentFlag.AlignRight)
        left = row(
            self._study, self._site, None, self._space, self._outbox, self._connection, gap=12
        )
        self.setLayout(row(left, who, self._account, self._scheme, margins=(8, 0, 12, 0)))
        self._study.clicked.connect(self.study_wanted)
        self._outbox.clicked.connect(self.outbox_wanted)
        self._space.clicked.connect(self.station_wanted)
        self.show_space(None)
        self._scheme.clicked.connect(appearance.choose_next)
        self.show_status(Status())

    def show_status(self, status: Status) -> None:
        """Show ``status``."""
        change_text(self._study, status.study or "Choose study")
        self._study.setAccessibleName(f"Study: {status.study or 'none chosen'}")
        self._site.setText(f"Site {status.site}" if status.site else "")
        tone = Tone(status.connection_tone)
        self._connection.say(status.connection, tone, icon=status.connection_icon)
        self._outbox.setText(status.outbox)
        self._outbox.setAccessibleName(f"Outbox: {status.outbox}")
        self._outbox.setToolTip(f"{status.outbox}. Open the outbox")
        dress(
            self._outbox,
            "warning" if status.outbox_is_late else "outbox",
            tone=Tone.WARN if status.outbox_is_late else None,
        )
        self._outbox.setVisible(bool(status.outbox))
        self._operator.setText(status.operator)
        self._token.setText(status.token)
        self._sign_in.setVisible(status.needs_sign_in)
        self._sign_out.setVisible(not status.needs_sign_in)

    def show_space(self, phrase: Phrase | None) -> None:
        """Show that the disk is nearly full; nothing while there is room."""
        self._space.setVisible(phrase is not None)
        if phrase is not None:
            self._space.setText(phrase.text)
            self._space.setAccessibleName(phrase.text)
            tone = Tone(phrase.mood.value)
            dress(self._space, TONE_ICONS[tone], tone=tone)

    def _account_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAccessibleName("Account")
        self._sign_in = _entry(menu, "Sign in…", self.sign_in_wanted.emit)
        self._sign_out = _entry(menu, "Sign out", self.sign_out_wanted.emit)
        menu.addSeparator()
        station = _entry(menu, "This station…", self.station_wanted.emit)
        station.setShortcut(QKeySequence("Ctrl+I"))
        self.addAction(station)  # the key works while the menu is closed, too
        menu.addSeparator()
        for scheme in Scheme:
            name = "Follow the system" if scheme is Scheme.SYSTEM else f"{scheme.title()} colours"
            entry = _entry(menu, name, _chooser(self._appearance, scheme))
            entry.setCheckable(True)
            entry.setChecked(scheme is self._appearance.scheme)
            self._appearance.scheme_changed.connect(_marker(entry, scheme))
        return menu


def _entry(menu: QMenu, text: str, act: object) -> QAction:
    entry = menu.addAction(text)
    entry.triggered.connect(act)
    return entry


def _chooser(appearance: Appearance, scheme: Scheme) -> object:
    return lambda: appearance.choose(scheme)


class _Marker(QObject):
    def __init__(self, entry: QAction, scheme: Scheme) -> None:
        super().__init__(entry)
        self._entry = entry
        self._scheme = scheme

    def mark(self, scheme: object) -> None:
        self._entry.setChecked(scheme == self._scheme)


def _marker(entry: QAction, scheme: Scheme) -> object:
    return _Marker(entry, scheme).mark
