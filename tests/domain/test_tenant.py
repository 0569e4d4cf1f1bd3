"""A server has one form, however its address is typed; the practice platform's port is no name."""

import pytest

from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.session import Account
from haut_desktop.domain.tenant import THIS_COMPUTER, server_of


@pytest.mark.parametrize(
    ("address", "server"),
    (
        ("https://saas.haut.ai", "https://saas.haut.ai"),
        ("https://SAAS.Haut.ai:443/", "https://saas.haut.ai"),
        ("saas.haut.ai", "https://saas.haut.ai"),
        ("https://staging.haut.ai:8443", "https://staging.haut.ai:8443"),
        ("http://10.0.0.5:80", "http://10.0.0.5"),
        ("https://gate.example/staging/", "https://gate.example/staging"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:40123", THIS_COMPUTER),
        ("http://localhost:8800/", THIS_COMPUTER),
        ("https://localhost:8443", "https://localhost:8443"),
    ),
)
def test_a_server_has_one_form(address: str, server: str) -> None:
    assert server_of(address) == server
    assert server_of(server) == server


def test_one_companys_id_at_two_servers_is_two_tenants() -> None:
    here, there = (
        Account(server, CompanyId("c"), 7, "tech@example.com").tenant
        for server in ("https://saas.haut.ai", "https://staging.haut.ai")
    )
    assert here != there
