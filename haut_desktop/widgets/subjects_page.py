"""The subjects page: type or scan to find, Enter to open, Ctrl+N to register."""

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListView, QStackedWidget, QWidget

from haut_desktop.domain.subjects import Subject
from haut_desktop.viewmodels.subject_form import SubjectFormViewModel
from haut_desktop.viewmodels.subjects import SubjectsState, SubjectsViewModel
from haut_desktop.widgets.boxes import column, frame, row
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import icon_button, primary_button
from haut_desktop.widgets.empty_state import EmptyState
from haut_desktop.widgets.labels import caption, title
from haut_desktop.widgets.subject_delegate import SubjectDelegate
from haut_desktop.widgets.subject_form import SubjectForm

_MOVES = frozenset({Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp})


class SubjectsPage(QWidget):
    """The list on the left, the registration panel on the right while it is wanted."""

    def __init__(self, view_model: SubjectsViewModel, form: SubjectFormViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        self._search = QLineEdit(placeholderText="Type or scan a subject's code")
        self._search.setObjectName("search")
        self._search.setAccessibleName("Search subjects")
        self._search.setToolTip("Search subjects (Ctrl+F)")
        self._search.setClearButtonEnabled(True)
        self._search.installEventFilter(self)
        self._find = icon_button("search", "Search subjects", key="Ctrl+F")
        self._sync = icon_button("retry", "Bring in the platform's subjects", key="F5")
        self._add = primary_button("Register subject", icon="plus", key="Ctrl+N")
        self._add.setObjectName("register-subject")
        self._count = caption("")
        self._busy = BusyBar("Reading subjects")
        self._list = self._list_view()
        self._nothing = EmptyState("subjects", "", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self._list)
        self._form = SubjectForm(form)
        self._form.hide()
        self._lay_out()
        self._connect(form)
        self._on_view_model_changed(view_model.state)
        self.setFocusProxy(self._search)

    def _list_view(self) -> QListView:
        made = QListView()
        made.setObjectName("subjects")
        made.setModel(self._view_model.model)
        made.setItemDelegate(SubjectDelegate(made))
        made.setAccessibleName("Subjects")
        made.setMouseTracking(True)
        made.setUniformItemSizes(True)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return made

    def _lay_out(self) -> None:
        head = row(title("Subjects"), self._count, None, self._sync, self._add, gap=12)
        find = row(self._find, self._search, gap=4)
        body = frame("card", column(self._stack, margins=(1, 1, 1, 1)))
        left = column(head, find, self._busy, body, gap=12)
        whole = row(gap=16, margins=(24, 16, 24, 16))
        whole.addLayout(left, 1)
        whole.addWidget(self._form)
        self.setLayout(whole)

    def _connect(self, form: SubjectFormViewModel) -> None:
        self._search.textChanged.connect(self._view_model.search)
        self._search.returnPressed.connect(self._view_model.enter)
        self._find.clicked.connect(self._on_find_clicked)
        self._sync.clicked.connect(self._view_model.sync)
        self._add.clicked.connect(lambda: self._form.open_with(""))
        self._nothing.acted.connect(lambda: self._form.open_with(self._view_model.state.code))
        self._list.activated.connect(self._on_list_activated)
        self._list.clicked.connect(self._on_list_activated)
        self._list.selectionModel().currentChanged.connect(self._on_current_changed)
        self._view_model.missed.connect(self._form.open_with)
        self._form.closed.connect(self._on_form_closed)
        form.registered.connect(self._on_form_registered)
        self._view_model.changed.connect(self._on_view_model_changed)

    def _on_view_model_changed(self, state: SubjectsState) -> None:
        has_rows = self._view_model.model.rowCount() > 0
        self._stack.setCurrentIndex(1 if has_rows else 0)
        self._count.setText(state.shown_words if has_rows else "")
        self._say_nothing(state)
        if state.is_syncing:
            self._busy.show_going("Bringing in the platform's subjects…")
        else:
            self._busy.clear()
        if has_rows:
            self._list.setCurrentIndex(self._view_model.model.index(self._view_model.marked_row))

    def _say_nothing(self, state: SubjectsState) -> None:
        if state.is_loading or (state.is_syncing and not state.code):
            self._nothing.say("clock", "Reading subjects…", "This takes a moment.")
        elif state.code:
            words = "Check the code, or register it as a new subject."
            action = f"&Register {state.code[:24]}"
            self._nothing.say("search", "No such subject here", words, action=action)
        else:
            words = "Register the first subject of this study: type or scan the code."
            self._nothing.say("subjects", "No subjects yet", words, action="&Register subject")

    def _on_current_changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        self._view_model.mark(current.row())

    def _on_find_clicked(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _on_list_activated(self, index: QModelIndex) -> None:
        self._view_model.open_row(index.row())

    def _on_form_closed(self) -> None:
        self._form.hide()
        self._search.setFocus()

    def _on_form_registered(self, subject: Subject) -> None:
        self._form.clear()
        self._form.hide()
        self._search.clear()
        self._view_model.open_subject(subject)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys move in the list while the search has the focus."""
        is_move = isinstance(event, QKeyEvent) and event.key() in _MOVES
        if watched is self._search and is_move and event.type() == QEvent.Type.KeyPress:
            self._list.event(event)
            return True
        return super().eventFilter(watched, event)
