"""The practice company and its accounts."""

import uuid
from typing import Final

from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service

_COMPANY_NAME: Final = "Practice company"
# Username, role, whether the account has a second factor.
_ACCOUNTS: Final = (
    ("technician@practice.example", "technician", False),
    ("reviewer@practice.example", "reviewer", False),
    ("admin@practice.example", "admin", False),
    ("second-factor@practice.example", "technician", True),
)


def open_company(service: Service) -> Row:
    """Make the company and its accounts at the first start; the first account."""
    if service.records.fetch_one("SELECT id FROM companies") is None:
        with service.records.transaction():
            _make_company(service)
    return list_accounts(service)[0]


def list_accounts(service: Service) -> list[Row]:
    return service.records.fetch_all("SELECT * FROM accounts ORDER BY id")


def _make_company(service: Service) -> None:
    company_id = str(uuid.uuid4())
    service.records.insert("companies", id=company_id, name=_COMPANY_NAME)
    for number, (username, role, has_mfa) in enumerate(_ACCOUNTS, 1):
        service.records.insert(
            "accounts",
            id=1000 + number,
            company_id=company_id,
            username=username,
            password=f"practice-{role}",
            role=role,
            mfa=has_mfa,
            full_name=f"Practice {role}",
        )
