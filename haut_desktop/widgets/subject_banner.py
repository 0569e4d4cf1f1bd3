"""The subject banner: who is being worked on, never out of sight while a subject is open."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.subjects import Subject
from haut_desktop.viewmodels.subject_words import details_words, registration_words
from haut_desktop.widgets.avatar import Avatar
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import row
from haut_desktop.widgets.buttons import quiet_button
from haut_desktop.widgets.labels import label
from haut_desktop.widgets.tokens import Tone


class SubjectBanner(QFrame):
    """Shows the open subject's code, large, with what tells it from its neighbours."""

    closed = Signal()

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._subject: Subject | None = None
        self.setProperty("frame_role", "subject")
        self.setFixedHeight(48)
        self._avatar = Avatar(32)
        self._code = label("", "title")
        self._details = label("", "muted")
        self._registration = Badge()
        close = quiet_button("Close subject", icon="close", key="Ctrl+W")
        close.clicked.connect(self.closed)
        self.setLayout(
            row(
                self._avatar,
                self._code,
                self._details,
                self._registration,
                None,
                close,
                gap=12,
                margins=(16, 0, 12, 0),
            )
        )
        self.hide()

    def show_subject(self, subject: Subject | None) -> None:
        """Show ``subject``, or hide while none is open."""
        self._subject = subject
        self.setVisible(subject is not None)
        if subject is None:
            return
        self._avatar.show_code(subject.code)
        self._code.setText(subject.code)
        self._details.setText(details_words(subject.details))
        words, tone = registration_words(subject, self._clock())
        self._registration.say(words, Tone(tone))
        self.setAccessibleName(f"Open subject {subject.code}, {words}")

    def age_passed(self) -> None:
        """Say anew how long the subject has waited to be registered."""
        subject = self._subject
        if subject and registration_words(subject, self._clock())[0] != self._registration.text:
            self.show_subject(subject)
