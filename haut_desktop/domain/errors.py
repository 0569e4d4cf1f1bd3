"""Everything that can go wrong, by who is to blame, in words a technician understands.

HautError                         title: what happened; message: what happens next, what to do
├── NetworkError                  everything waits, no attempt is burnt
│   ├── UnreachableError          the request never left this computer
│   ├── OutcomeUnknownError       it left, no answer came: settle by asking, never by sending again
│   └── NotThePlatformError       something else answered, e.g. the sign-in page of a guest network
├── AccountError                  everything waits until somebody signs in or is given the right
│   ├── SignInRefusedError        wrong e-mail or password
│   ├── MfaAccountError           the account has a second factor and needs a private token
│   ├── SignedOutError            the platform refused the token, also after a refresh
│   ├── OtherSignInError          somebody else is signed in than the one it is meant for
│   │   └── OtherAccountError     …of another company or server
│   └── PermissionRefusedError    signed in, but not allowed (403)
├── ServerError                   this step waits, others go on
│   ├── ServerTroubleError        5xx; whether the work was done is unknown
│   ├── TooManyRequestsError      429, with the server's own waiting time
│   └── UnexpectedAnswerError     an answer without the field that the call is made for
├── ItemError                     this item is held, everything else goes on
│   ├── RefusedError              4xx with the platform's reasons
│   ├── AddressExpiredError       a signed upload address that is no longer valid
│   ├── BodyRefusedError          the store gave up in the middle of a body, twice
│   ├── ContentMismatchError      what was stored is not what was sent
│   ├── PictureError              a file that cannot be taken in
│   ├── SubjectCodeError          a code that is malformed or taken
│   ├── EntryTakenError           an entry of the platform that is another subject's
│   ├── RetractionRefusedError    results that this station can't take back
│   ├── ErasureRefusedError       a picture whose fate is open
│   └── VisitClosedError          a visit that can no longer be changed this way
├── StationError                  this computer: disk, database, keyring
│   ├── StoreError                …with one class for each outcome of the database
│   ├── KeyringError              …with one class for each situation of the keyring
│   ├── RecoveryKeyError          the typed recovery key opens nothing here
│   ├── VaultError                a sealed picture that cannot be written or does not open;
│   │                             VaultMissingError when it is not there
│   └── DiskFullError
└── (UserCancelled is not an error and stands apart)
"""

from enum import StrEnum


class Blame(StrEnum):
    """Who is to blame decides what waits."""

    NETWORK = "network"
    ACCOUNT = "account"
    SERVER = "server"
    ITEM = "item"
    STATION = "station"


class HautError(Exception):
    """An error that can be shown: ``title`` says what happened, ``message`` what comes next."""

    blame: Blame = Blame.STATION
    default_title = "Something went wrong"
    default_message = "Nothing that was sealed is lost. Please try again."

    def __init__(self, message: str = "", *, title: str = "") -> None:
        self.title = title or self.default_title
        self.message = message or self.default_message
        super().__init__(f"{self.title}: {self.message}")

    @property
    def kind(self) -> str:
        """The stable word for this error in rows and logs: the class name."""
        return type(self).__name__


class UserCancelled(Exception):  # noqa: N818 - a decision of the user's, not an error
    """The user said no; there is nothing to show."""


# ---- network ---------------------------------------------------------------------------------


class NetworkError(HautError):
    """The network stands between us and the platform."""

    blame = Blame.NETWORK
    is_of_store = False
    """True when the object store, not the platform, is what could not be reached."""
    default_title = "No connection"
    default_message = (
        "The platform can't be reached. Pictures are safe on this station and go out by themselves "
        "when the network is back."
    )


class UnreachableError(NetworkError):
    """No connection was made, so the request certainly never left."""


class OutcomeUnknownError(NetworkError):
    """The connection broke after the request had left; the platform may have done the work."""

    default_title = "Connection lost"
    default_message = (
        "The connection broke before the platform's answer arrived. The station asks what arrived "
        "before it sends anything again."
    )

    def __init__(self, message: str = "", *, title: str = "", in_body: bool = False) -> None:
        super().__init__(message, title=title)
        self.in_body = in_body
        """Whether it broke while the body was being sent: the other side can't have all of it."""


class NotThePlatformError(NetworkError):
    """An answer that is not the platform's, as guest networks and proxies give."""

    default_title = "Something else answered"
    default_message = (
        "The network answered with a page of its own, as guest networks do before you accept their "
        "terms. Open a web browser, sign in to the network, and sending goes on by itself."
    )


# ---- account ---------------------------------------------------------------------------------


class AccountError(HautError):
    """The account, not the picture, is the trouble."""

    blame = Blame.ACCOUNT
    default_title = "Sign-in needed"
    default_message = "Pictures stay safe on this station. Sign in again and sending goes on."


class SignInRefusedError(AccountError):
    """E-mail or password are wrong."""

    default_title = "Sign-in refused"
    default_message = "The e-mail or the password is not right. Check both and try again."


class MfaAccountError(AccountError):
    """The account uses a second factor, with which the platform allows no password sign-in here."""

    default_title = "This account uses a second factor"
    default_message = (
        "Accounts with a second factor can't sign in with a password here. Make a private token in "
        "the web portal and choose “Private token” below."
    )


class SignedOutError(AccountError):
    """The platform no longer accepts the session."""

    default_title = "Signed out by the platform"


class OtherSignInError(AccountError):
    """Somebody else is signed in than the one it was begun, or is meant, for.

    Certainly not done; nothing is wrong with the account that is signed in.
    """

    default_title = "Somebody else signed in"
    default_message = (
        "Somebody else signed in before this was done. What the station does by itself goes on by "
        "itself; anything else, try once more."
    )


class OtherAccountError(OtherSignInError):
    """The work belongs to another company or server than the one that is signed in."""

    default_title = "Belongs to another sign-in"
    default_message = (
        "This was taken for another company or another server than the one you are signed in to. "
        "Nothing was sent or asked; it goes on when somebody signs in there again."
    )


class PermissionRefusedError(AccountError):
    """The account lacks a right."""

    is_of_question = False
    """True when the platform was only asked for what it has: nothing that is sent was refused."""
    default_title = "Not allowed"
    default_message = (
        "The platform does not allow this account to do that. Nothing is lost; ask the study's "
        "administrator for the right, the station looks again every hour."
    )


# ---- server ----------------------------------------------------------------------------------


class ServerError(HautError):
    """The platform answered, but not well."""

    blame = Blame.SERVER
    default_title = "The platform has trouble"
    default_message = "The station waits and tries again by itself. Pictures are safe meanwhile."
    retry_after_s: float | None = None


class ServerTroubleError(ServerError):
    """A 5xx answer: the work may or may not have been done."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status


class TooManyRequestsError(ServerError):
    """A 429 answer; ``retry_after_s`` is the server's own waiting time in seconds, if any."""

    default_title = "The platform asks us to slow down"

    def __init__(self, retry_after_s: float | None = None, message: str = "") -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnexpectedAnswerError(ServerError):
    """The platform's answer to ``call`` lacks ``missing`` or has another shape."""

    default_title = "The platform's answer could not be read"

    def __init__(self, call: str, missing: str) -> None:
        super().__init__(
            f"The answer to “{call}” has no usable “{missing}”. The station tries again later; "
            "if it stays so, send the support bundle to your study's support."
        )
        self.call = call
        self.missing = missing


# ---- item ------------------------------------------------------------------------------------


class ItemError(HautError):
    """One picture, batch or subject is the trouble; everything else goes on."""

    blame = Blame.ITEM
    default_title = "Held"


class RefusedError(ItemError):
    """A 4xx answer with the platform's reasons: it was refused and certainly not done."""

    default_title = "The platform refused it"

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        attr: str | None = None,
        *,
        who: str = "The platform",
    ) -> None:
        """``detail`` is empty where no reason was given, ``attr`` None where no field is named."""
        if detail:
            words = f"{who} says: {detail}" + (f" ({attr})" if attr else "")
        else:
            words = f"{who} gave no reason (status {status}{f', {attr}' if attr else ''})."
        super().__init__(words, title=f"{who} refused it")
        self.status = status
        self.code = code
        self.detail = detail
        self.attr = attr


class AddressExpiredError(ItemError):
    """The signed upload address is no longer valid; shown to nobody before it holds something."""

    default_title = "The time for sending ran out"
    default_message = (
        "The platform gives every upload a limited time. It ended more than once before all "
        "pictures had arrived. Nothing of it was computed; the pictures are safe on this station."
    )


class BodyRefusedError(ItemError):
    """The object store dropped the connection in mid-body twice, which is how it refuses."""

    default_title = "The store refused the picture"
    default_message = (
        "The platform's store broke off twice while the picture was being sent. It does not count "
        "as sent and is safe on this station."
    )


class ContentMismatchError(ItemError):
    """The store's hash or length differs from what was sealed."""

    default_title = "Arrived changed"
    default_message = (
        "What the platform stored differs from the sealed picture, which is safe on this station."
    )


class PictureError(ItemError):
    """A dropped file that is not taken in; the file itself is left untouched."""

    default_title = "Picture not taken in"


class SubjectCodeError(ItemError):
    """A subject code that is malformed or already in use."""

    default_title = "Subject code"


class EntryTakenError(ItemError):
    """An entry of the platform that belongs to another subject of this station."""

    default_title = "The entry is another subject's"
    default_message = (
        "This entry of the platform belongs to another subject of this station. Nothing was "
        "changed; compare both with the study's paper list, then choose another entry or code."
    )


class RetractionRefusedError(ItemError):
    """A batch of which this station sent nothing can't be taken back here."""

    default_title = "Not this station's to take back"
    default_message = (
        "These results were made elsewhere. Nothing was changed; have them taken back where their "
        "pictures were sent from."
    )


class ErasureRefusedError(ItemError):
    """A picture whose fate is open, which is never erased."""

    default_title = "The picture can't be erased yet"


class VisitClosedError(ItemError):
    """A change that only an open visit, or one of which nothing was sent, allows."""

    default_title = "The visit is on its way"
    default_message = (
        "Part of this visit has been sent already, so it stays as it is. Nothing was changed."
    )


# ---- station ---------------------------------------------------------------------------------


class StationError(HautError):
    """This computer is the trouble."""

    blame = Blame.STATION


class StoreError(StationError):
    """The station's database did not do what was asked."""

    default_title = "The station's database can't be used"
    default_message = (
        "Nothing is deleted. Restart the program; if it stays so, call your study's IT."
    )


class StoreBusyError(StoreError):
    """SQLITE_BUSY: another program holds the file."""

    default_title = "The station's database is busy"
    default_message = (
        "Another program holds the database, so that this was not done. Nothing is lost. Wait a "
        "moment and try again; if it stays so, end what reads the station's folder: a backup, a "
        "virus scanner, a command in a window."
    )


class StoreLockedError(StoreError):
    """SQLITE_LOCKED: this program itself still uses what was to be changed."""

    default_title = "The record is in use by this program"
    default_message = (
        "Another step of this program was still using the same part of the record, so that this "
        "was not done. Nothing is lost, and no other program need be closed. Try again; if it "
        "stays so, close Haut Desktop and start it again."
    )


class StoreReadOnlyError(StoreError):
    """SQLITE_READONLY."""

    default_title = "The station's folder is read-only"
    default_message = (
        "Nothing was changed. Ask your IT to let this account write to the station's folder, then "
        "try again."
    )


class StoreIOError(StoreError):
    """SQLITE_IOERR: the disk failed to read or write."""

    default_title = "The disk reports an error"
    default_message = (
        "The disk could not be read or written. Don't switch off; call your study's IT."
    )


class StoreCannotOpenError(StoreError):
    """SQLITE_CANTOPEN."""

    default_title = "The station's database can't be opened"
    default_message = (
        "The file station.db is there, or should be, and this account can't open it. Nothing was "
        "changed; ask your IT whether the folder was moved or its rights have changed."
    )


class StoreCorruptError(StoreError):
    """SQLITE_CORRUPT, or NOTADB with a key whose fingerprint matches."""

    default_title = "The station's database is damaged"
    default_message = (
        "Close the program and start it again. It then looks at every page of the record and, "
        "where the damage is real, makes the outbox anew from the sealed pictures; the damaged "
        "file is moved aside, not deleted."
    )


class StoreKeyError(StoreError):
    """NOTADB with a key whose fingerprint does not match: the key is wrong, not the file."""

    default_title = "The database was made with other keys"
    default_message = (
        "The keys are right for the sealed pictures and not for station.db. That is so when only a "
        "part of the folder came back from a backup. Nothing was changed; call your study's IT to "
        "put station.db and keys.age of one day together again."
    )


class RecoveryKeyError(StationError):
    """What was typed opens no keys of this station."""

    default_title = "Recovery key doesn't fit"
    default_message = (
        "The recovery key does not fit this station. Check each character and try again."
    )


class StoreNewerError(StoreError):
    """The file was written by a newer version of the program."""

    default_title = "Made by a newer version"
    default_message = (
        "This station's data was written by a newer Haut Desktop. Nothing was changed; install "
        "that version, or ask your study's IT for it."
    )


class StoreMissingError(StoreError):
    """An empty or missing database beside a vault that holds pictures."""

    default_title = "The database is missing"
    default_message = (
        "The sealed pictures are there, the record of them is not. If your IT has a backup of "
        "station.db, put it back and try again. Otherwise rebuild the record from the pictures; "
        "nothing is sent before the platform was asked for it."
    )


class DiskFullError(StationError):
    """No room for the next picture or the next row."""

    default_title = "The disk is full"
    default_message = (
        "Make room on this computer's disk and try again; what is sealed already is safe."
    )


class VaultError(StationError):
    """A sealed picture could not be written, is missing, or does not authenticate."""

    default_title = "A sealed picture can't be opened"


class VaultMissingError(VaultError):
    """A sealed file is not where it was put."""

    default_message = "A sealed file is missing."


class KeyringError(StationError):
    """The system's keyring is the trouble."""

    default_title = "The system's keyring can't be used"


class KeyringLockedError(KeyringError):
    """There is a keyring, and it is locked."""

    default_title = "Your keyring is locked"
    default_message = "Unlock the keyring of your computer account and try again."


class KeyringDeniedError(KeyringError):
    """Somebody, or a policy, said no to the keyring's question."""

    default_title = "Access to the keyring was denied"
    default_message = (
        "Allow Haut Desktop to use the keyring, or open the station with the recovery key."
    )


class KeyringUninitialisedError(KeyringError):
    """There is a keyring service without a keyring in it."""

    default_title = "Your keyring is not set up"
    default_message = "Set up the keyring of your computer account (a login keyring) and try again."


class KeyringStrangerError(KeyringError):
    """The keyring works, but this computer account has no key to the station."""

    default_title = "This account has no key to the station"
    default_message = (
        "The station was set up by another account of this computer. Open it once with the "
        "recovery key; after that this account opens it by itself."
    )


class KeyringAbsentError(KeyringError):
    """This computer account has no keyring service."""

    default_title = "This computer has no keyring"
    default_message = (
        "Haut Desktop keeps no key in a plain file. Ask your IT for a keyring service; the "
        "recovery key opens the station until then."
    )
