"""What a metric is: the platform's own description, without anything that could reach out."""

from html import escape
from typing import Any, Final

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QTextBrowser

from haut_desktop.viewmodels.results_html import sanitised
from haut_desktop.viewmodels.results_table import MetricLine

_WEIGHTS: Final = "b, strong, h1, h2, h3, h4, h5, h6, th { font-weight: 600; }"
"""The boldest weight that is shipped: a bolder one Qt smears."""


class AboutMetric(QTextBrowser):
    """Shows name, version and description of the chosen line, or why it failed."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setAccessibleName("About the chosen metric")
        self.setPlaceholderText("Choose a metric to read what it is.")
        self.document().setDefaultStyleSheet(_WEIGHTS)
        self.setStyleSheet("QTextBrowser { border: 0; padding: 8px; }")

    def explain(self, line: MetricLine | None, html: str) -> None:
        """Explain a line with the platform's ``html``, or nothing."""
        if line is None:
            self.clear()
            return
        parts = [f"<h3>{escape(line.result.name or line.result.algorithm)}</h3>"]
        if line.failure:
            parts.append(f"<p><b>{escape(line.value)}.</b> {escape(line.failure)}</p>")
        nothing = "<p>The platform has no description of this algorithm.</p>"
        parts.append(sanitised(html) or nothing)
        origin = f"{line.result.algorithm}, version {line.version}"
        if line.result.application:
            origin = f"{origin}, by {line.result.application}"
        parts.append(f"<p><i>{escape(origin)}</i></p>")
        self.setHtml("".join(parts))

    def loadResource(self, _kind: int, _name: QUrl | str) -> Any:  # noqa: N802 - Qt's name
        """Load nothing: a description must not make the program ask anybody."""
        return None
