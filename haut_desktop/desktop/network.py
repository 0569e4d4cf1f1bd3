"""The operating system's word on the network: a hint to look again, never a proof."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation


class NetworkWatch(QObject):
    """Tells when the network changed, so that waiting ends at once instead of after an hour."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._information = self._load()
        if self._information is not None:
            self._information.reachabilityChanged.connect(self._on_information_changed)
            self._information.isBehindCaptivePortalChanged.connect(self._on_information_changed)
            self._information.transportMediumChanged.connect(self._on_information_changed)

    @property
    def is_available(self) -> bool:
        """Whether this system says anything about its network; without, the delays decide."""
        return self._information is not None

    @property
    def is_online(self) -> bool | None:
        """Whether the system believes itself connected; None when it does not say."""
        if self._information is None:
            return None
        reach = self._information.reachability()
        unknown = QNetworkInformation.Reachability.Unknown
        return None if reach == unknown else reach != QNetworkInformation.Reachability.Disconnected

    def stop(self) -> None:
        """Hear nothing more; the information itself belongs to Qt."""
        if self._information is not None:
            self._information.disconnect(self)
            self._information = None

    @staticmethod
    def _load() -> QNetworkInformation | None:
        if not QNetworkInformation.loadDefaultBackend():
            return None
        return QNetworkInformation.instance()

    def _on_information_changed(self, _value: object = None) -> None:
        self.changed.emit()
