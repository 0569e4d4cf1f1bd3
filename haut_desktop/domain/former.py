"""Pictures that may have been delivered before the record of it was lost: why their batch waits."""

from haut_desktop.domain.errors import ItemError


class NotAskedYetError(ItemError):
    """The platform has not been asked yet whether it has a picture of the batch."""

    default_title = "Asking first whether it is there already"
    default_message = (
        "A picture of this batch may have been sent before the station's record was lost. Nothing "
        "of the batch goes before the platform was asked whether it has the picture; then it goes "
        "on by itself."
    )


class MayBeThereError(ItemError):
    """The platform has a picture of the batch, or may have it, and only a person can say more."""

    default_title = "There already?"
    default_message = (
        "The platform has a picture of this batch already, or may have it. Look at the subject in "
        "the web portal. If it is there, take the batch back; if it is not, let it go on. What is "
        "there and goes on is computed a second time."
    )
