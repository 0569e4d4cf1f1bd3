"""The contract's unknowns: each plausible answer that is not the default is a quirk."""

from enum import StrEnum


class Quirk(StrEnum):
    """A plausible behaviour of the real platform that the practice platform can take on."""

    REFRESH_TOKEN_ROTATED = "refresh_token_rotated"  # noqa: S105 - a name, no secret
    """A refresh returns a new refresh token and the old one is refused (default: it stays)."""
    REFRESH_ONLY_ID_TOKEN = "refresh_only_id_token"  # noqa: S105 - a name, no secret
    """A refresh answers with ``id_token`` alone (default: three tokens)."""
    COMPUTE_TWICE_BILLS = "compute_twice_bills"
    """A second compute computes and bills again (default: 204, nothing happens)."""
    COMPUTE_TWICE_REFUSED = "compute_twice_refused"
    """A second compute is answered with 400."""
    COMPUTE_EARLY_REFUSED = "compute_early_refused"
    """Compute before every picture is stored is answered with 400 (default: 204)."""
    STORE_403_ON_EXPIRY = "store_403_on_expiry"
    """The object store answers an expired address with 403 (default: 400)."""
    CONTENT_MD5 = "content_md5"
    """The upload headers name ``Content-MD5``; its value is left for the sender to fill in."""
    RESULT_ADDRESSES_SHORT = "result_addresses_short"
    """Addresses of pictures and masks expire after one second."""
    IDS_AS_WORDS = "ids_as_words"
    """Dictionary ids are words, such as ``female`` (default: UUID)."""
    AUX_NEW_SHAPE = "aux_new_shape"
    """Aux images have a plain string type, ``algo_app``, ``meta`` and ``signed_url`` only."""
    AUX_OLD_SHAPE = "aux_old_shape"
    """Aux images have the older shape only: object type, application fields, ``urls``."""
    DICTIONARIES_PAGED = "dictionaries_paged"
    """Dictionaries are pages (default: bare arrays)."""
    RESULTS_PAGED = "results_paged"
    """Results of an image are pages (default: bare array)."""
    PLAIN_ERRORS = "plain_errors"
    """Errors are ``{"detail": …}`` (default: ``type`` and ``errors``)."""
    ISO_TIMESTAMPS = "iso_timestamps"
    """Timestamps of v1 are ISO 8601 with Z (default: a space and no zone)."""
    ROWS_AT_ONCE = "rows_at_once"
    """Rows of an application appear together (default: algorithm by algorithm)."""
    FAILURES_LEFT_OUT = "failures_left_out"
    """v3 leaves a failed parameter out (default: ``{"error": …}`` in its place)."""
    V3_ROWS_IN_V1 = "v3_rows_in_v1"
    """Results of v3 applications are also rows of the v1 list (default: they are not)."""
