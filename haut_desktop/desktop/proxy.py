"""The system's proxy for an address, also where a script (PAC) decides it."""

from typing import Final

from PySide6.QtCore import QUrl
from PySide6.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

_CARRIERS: Final = frozenset(
    {QNetworkProxy.ProxyType.HttpProxy, QNetworkProxy.ProxyType.HttpCachingProxy}
)
"""Not SOCKS: the HTTP client would need another library for it, and clinics' proxies are HTTP."""


def system_proxy(url: str) -> str | None:
    """Ask the system for the proxy of ``url``, e.g. ``http://proxy.example:3128``; None is direct.

    Blocking: a script that must be fetched first can take seconds, so call it in a thread.
    """
    query = QNetworkProxyQuery(QUrl(url))
    for proxy in QNetworkProxyFactory.systemProxyForQuery(query):
        if proxy.type() == QNetworkProxy.ProxyType.NoProxy:
            return None
        address = proxy_url(proxy)
        if address is not None:
            return address
    return None


def proxy_url(proxy: QNetworkProxy) -> str | None:
    """Write a proxy as an address with its account; None for a kind that can't carry us."""
    if proxy.type() not in _CARRIERS or not proxy.hostName():
        return None
    address = QUrl()
    address.setScheme("http")
    address.setHost(proxy.hostName())
    address.setPort(proxy.port())
    if proxy.user():
        address.setUserName(proxy.user())
        address.setPassword(proxy.password())
    return address.toString(QUrl.ComponentFormattingOption.FullyEncoded)
