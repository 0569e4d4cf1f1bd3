"""Who is signed in: account and tokens, in the encrypted database, as they are long."""

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.session import Account, SignedIn, Tokens
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.rows import moment_or_none, text_of, text_or_none


class CredentialStore:
    """Keeps one sign-in; signing out forgets the tokens and keeps the account for the next one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(self, signed_in: SignedIn) -> None:
        """Keep the sign-in in place of the one before."""
        account, tokens = signed_in.account, signed_in.tokens
        values = (
            account.server,
            account.company_id,
            account.user_id,
            account.username,
            tokens.access,
            tokens.refresh,
            text_or_none(tokens.expires_at),
            int(tokens.is_private),
            text_of(self._clock()),
        )

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO credential VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )

        await self._database.write(work)

    async def load(self) -> SignedIn | None:
        """Give the sign-in that is still there; None after a sign-out."""
        row = await self._row()
        if row is None or not row["access_token"]:
            return None
        tokens = Tokens(
            row["access_token"],
            row["refresh_token"],
            moment_or_none(row["expires_at"]),
            bool(row["is_private"]),
        )
        return SignedIn(_account(row), tokens)

    async def last_account(self) -> Account | None:
        """Give the account that signed in last, so that the dialog can offer it."""
        row = await self._row()
        return None if row is None else _account(row)

    async def clear_tokens(self) -> None:
        """Forget the tokens; the account stays."""

        def work(connection: Connection) -> None:
            connection.execute(
                "UPDATE credential SET access_token = '', refresh_token = '', expires_at = NULL"
            )

        await self._database.write(work)

    async def _row(self) -> Row | None:
        def work(connection: Connection) -> Row | None:
            row: Row | None = connection.execute("SELECT * FROM credential").fetchone()
            return row

        return await self._database.read(work)


def _account(row: Row) -> Account:
    return Account(row["server"], CompanyId(row["company_id"]), row["user_id"], row["username"])
