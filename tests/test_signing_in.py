"""What the one who signs in is told about the work of the one before."""

from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.session import Account
from haut_desktop.signing_in import unsent_notice

HERE = Account("https://saas.haut.ai", CompanyId("c"), 7, "tech@example.com")


def test_another_companys_pictures_wait_for_that_company() -> None:
    other = Account(HERE.server, CompanyId("d"), 8, "other@example.com")
    notice = unsent_notice(HERE, other, 1)
    assert notice.title == "1 picture of another company waits"
    assert "of that company signs in again" in notice.message


def test_the_server_is_named_when_that_is_what_differs() -> None:
    other = Account("https://staging.haut.ai", CompanyId("c"), 7, "tech@example.com")
    notice = unsent_notice(HERE, other, 2)
    assert notice.title == "2 pictures for https://saas.haut.ai wait"
    assert "you are at https://staging.haut.ai" in notice.message
