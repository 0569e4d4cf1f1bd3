import pytest
from PySide6.QtNetwork import QNetworkProxy
from pytestqt.qtbot import QtBot

from haut_desktop.desktop.proxy import proxy_url, system_proxy

_TYPE = QNetworkProxy.ProxyType


def test_the_systems_proxy_is_written_as_an_address(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert system_proxy("https://saas.haut.ai/api/") == "http://proxy.example:3128"


def test_without_a_proxy_the_way_is_direct(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert system_proxy("https://saas.haut.ai/api/") is None


@pytest.mark.parametrize(
    ("proxy", "address"),
    (
        (QNetworkProxy(_TYPE.HttpProxy, "p.example", 8080), "http://p.example:8080"),
        (QNetworkProxy(_TYPE.Socks5Proxy, "p.example", 1080), None),
        (
            QNetworkProxy(_TYPE.HttpProxy, "p.example", 8080, "a b", "p:@/w"),
            "http://a%20b:p:%40%2Fw@p.example:8080",
        ),
        (QNetworkProxy(_TYPE.FtpCachingProxy, "p.example", 21), None),
        (QNetworkProxy(_TYPE.HttpProxy, "", 8080), None),
    ),
)
def test_every_kind_of_proxy_has_its_address(proxy: QNetworkProxy, address: str | None) -> None:
    assert proxy_url(proxy) == address
