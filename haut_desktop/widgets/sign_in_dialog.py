"""Sign-in: the first window, and the one over the work when the platform ends the session."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from haut_desktop.viewmodels.sign_in import (
    Credentials,
    SignInState,
    SignInViewModel,
    Way,
    server_address,
    server_problem,
)
from haut_desktop.widgets.boxes import column, held, line, row, scrolled
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import primary_button, quiet_button
from haut_desktop.widgets.choice_row import ChoiceRow
from haut_desktop.widgets.cover import Cover
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, muted, title
from haut_desktop.widgets.practice_accounts import PracticeAccounts
from haut_desktop.widgets.secret_edit import SecretEdit
from haut_desktop.widgets.tokens import Tone

_PROMISE = "Photographs sealed on this station, sent when the network allows, results shown."
_WAYS = ((Way.PASSWORD, "E-mail and password"), (Way.TOKEN, "Private token"))


class SignInDialog(QDialog):
    """Takes e-mail and password, a private token, or sends to practice; accepted once signed in."""

    def __init__(self, view_model: SignInViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view_model = view_model
        self.setWindowTitle("Sign in – Haut Desktop")
        self._way = ChoiceRow("Way to sign in", _WAYS, Way.PASSWORD)
        self._username = QLineEdit(placeholderText="name@clinic.example")
        self._password = SecretEdit("Password")
        self._token = SecretEdit("Private token")
        self._server = QLineEdit(view_model.server)
        self._cover = Cover(_PROMISE, view_model.server)
        self._name_controls()
        self._fields = {
            "username": Field("&E-mail", self._username),
            "password": Field("Pass&word", self._password),
            "token": Field(
                "Private &token",
                self._token,
                help_text="Made in the web portal, under your profile.",
            ),
            "server": Field(
                "Ser&ver", self._server, help_text="Change it only if your study says so."
            ),
        }
        self._reason = InlineProblem(Tone.ACCENT)
        self._problem = InlineProblem()
        self._busy = BusyBar("Signing in")
        self._sign_in = primary_button("Sign in", tip="Sign in (Enter)")
        self._sign_in.setObjectName("sign-in")
        self._sign_in.setDefault(True)
        self._advanced = quiet_button("&Advanced", icon="right")
        self._advanced.setCheckable(True)
        self._practice = quiet_button("&Practice without an account", icon="play")
        self._practice.setObjectName("practice")
        self._lay_out()
        self._connect()
        self._on_view_model_changed(view_model.state)
        if not view_model.is_practice:
            self._username.setFocus()

    def _name_controls(self) -> None:
        self._username.setObjectName("username")
        self._password.setObjectName("password")
        self._token.setObjectName("token")
        self._server.setObjectName("server")

    def _lay_out(self) -> None:
        practice = self._view_model.is_practice
        form = column(
            None,
            title("Sign in to the practice platform" if practice else "Sign in"),
            muted(
                "Use your account at the platform."
                if not practice
                else "Drawn faces, no measurements."
            ),
            self._reason,
            PracticeAccounts(self._view_model.practice_accounts, self._pick),
            self._way,
            *self._fields.values(),
            self._problem,
            self._sign_in,
            self._busy,
            row(self._advanced, None),
            self._practice_offer(),
            None,
            gap=12,
            margins=(48, 24, 48, 24),
        )
        whole = row(self._cover, scrolled(held(form)), gap=0)
        self.setLayout(whole)
        self.setMinimumSize(QSize(880, 600))
        self.resize(QSize(880, 680))

    def _practice_offer(self) -> QWidget:
        words = caption("On this computer, with drawn faces. No measurements.")
        offer = held(column(line(), row(self._practice, None), words, gap=4))
        if self._view_model.is_practice:
            offer.hide()
        return offer

    def _connect(self) -> None:
        self._view_model.changed.connect(self._on_view_model_changed)
        self._view_model.signed_in.connect(self.accept)
        self.rejected.connect(self._view_model.give_up)
        self._way.chosen.connect(self._view_model.choose)
        self._sign_in.clicked.connect(self._on_sign_in_clicked)
        self._practice.clicked.connect(self._view_model.ask_for_practice)
        self._advanced.toggled.connect(self._fields["server"].setVisible)
        for edit in (self._username, self._password, self._token, self._server):
            edit.textChanged.connect(self._show_readiness)
        self._server.textEdited.connect(self._on_server_edited)
        self._fields["server"].hide()
        self._show_reason(self._view_model.state)

    def _credentials(self) -> Credentials:
        way = Way.TOKEN if self._way.taken is Way.TOKEN else Way.PASSWORD
        secret = self._token if way is Way.TOKEN else self._password
        return Credentials(self._server.text(), way, self._username.text(), secret.text())

    def _pick(self, username: str, password: str) -> None:
        self._way.take(Way.PASSWORD)
        self._username.setText(username)
        self._password.setText(password)
        self._sign_in.setFocus()

    def _show_readiness(self) -> None:
        is_busy = self._view_model.state.is_busy
        self._sign_in.setEnabled(self._credentials().is_complete and not is_busy)

    def _on_view_model_changed(self, state: SignInState) -> None:
        is_password = state.way is Way.PASSWORD
        self._fields["username"].setVisible(is_password)
        self._fields["password"].setVisible(is_password)
        self._fields["token"].setVisible(not is_password)
        self._show_reason(state)
        self._problem.say(state.title, state.message)
        if state.is_busy:
            self._busy.show_going("Signing in…")
        else:
            self._busy.clear()
        for field in (*self._fields.values(), self._way):
            field.setEnabled(not state.is_busy)
        self._show_readiness()
        if state.title:
            edit = self._password if is_password else self._token
            edit.setFocus(Qt.FocusReason.OtherFocusReason)
            edit.selectAll()

    def _show_reason(self, state: SignInState) -> None:
        reason = "" if state.title else self._view_model.reason
        self._reason.say("Sign in again" if reason else "", reason)

    def _on_sign_in_clicked(self) -> None:
        problem = server_problem(self._server.text())
        self._fields["server"].say(problem)
        if problem:
            self._advanced.setChecked(True)
            self._server.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._view_model.submit(self._credentials())

    def _on_server_edited(self, typed: str) -> None:
        self._cover.say(server_address(typed))
        if self._fields["server"].problem:
            self._fields["server"].say(server_problem(typed))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Count the window's own cross as a no."""
        self.reject()
        super().closeEvent(event)
