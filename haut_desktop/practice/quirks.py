"""The contract's unknowns: each plausible answer that is not the default is a quirk."""

from haut_desktop.practice.worded import WordedEnum


class Quirk(WordedEnum):
    """A plausible behaviour of the real platform that the practice platform can take on."""

    REFRESH_TOKEN_ROTATED = (
        "refresh_token_rotated",
        "A refresh returns a new refresh token and the old one is refused (default: it stays)",
    )
    REFRESH_ONLY_ID_TOKEN = (
        "refresh_only_id_token",
        "A refresh answers with `id_token` alone (default: three tokens)",
    )
    REFRESH_NO_REFRESH_TOKEN = (
        "refresh_no_refresh_token",
        "A refresh answers with an access token and no refresh token; the old one stays",
    )
    TOKEN_REFUSED_403 = (
        "token_refused_403",
        "An expired token is answered with 403 and the code `authentication_failed` (default: 401)",
    )
    SUBJECT_NAMES_UNIQUE = (
        "subject_names_unique",
        "A second subject of the same name is answered with 400 (default: it is made)",
    )
    SUBJECTS_LISTED_LATE = (
        "subjects_listed_late",
        "A new subject is listed one second after it was made (default: at once)",
    )
    SUBJECT_SEARCH_IGNORED = (
        "subject_search_ignored",
        "`q` on subjects is ignored: everybody is listed (default: names that contain it)",
    )
    SUBJECT_SEARCH_BLIND = (
        "subject_search_blind",
        "`q` on subjects does not look at names: nobody is found by one",
    )
    PAGES_OF_TEN = ("pages_of_ten", "`page_size` is ignored: pages have ten entries")
    INITIATE_FEWER_SIDES = (
        "initiate_fewer_sides",
        "Initiating answers for the first of several sides only (default: for all)",
    )
    COMPUTE_TWICE_BILLS = (
        "compute_twice_bills",
        "A second compute computes and bills again (default: 204, nothing happens)",
    )
    COMPUTE_TWICE_REFUSED = ("compute_twice_refused", "A second compute is answered with 400")
    COMPUTE_EARLY_REFUSED = (
        "compute_early_refused",
        "Compute before every picture is stored is answered with 400 (default: 204)",
    )
    COMPUTE_ANSWERS_200 = (
        "compute_answers_200",
        "Compute is answered with 200 and `{}` (default: 204)",
    )
    COMPUTE_ANSWERS_202 = (
        "compute_answers_202",
        "Compute is answered with 202 and an object that nothing is known of",
    )
    STORE_403_ON_EXPIRY = (
        "store_403_on_expiry",
        "The object store answers an expired address with 403 (default: 400)",
    )
    STORE_ETAG_ONLY = (
        "store_etag_only",
        "The object store proves by an `ETag` of the MD5, without `x-goog-hash`",
    )
    STORE_ETAG_OPAQUE = (
        "store_etag_opaque",
        "No `x-goog-hash`, and an `ETag` that is no MD5, as with a customer's own key",
    )
    STORE_NO_PROOF = ("store_no_proof", "The object store answers 200 and proves nothing")
    STORE_CLOSED_BY_COMPUTE = (
        "store_closed_by_compute",
        "A picture whose batch was computed takes no other bytes: 403 (default: they replace it)",
    )
    CONTENT_MD5 = (
        "content_md5",
        "The upload headers name `Content-MD5`; its value is left for the sender to fill in",
    )
    BATCH_IMAGES_PAGED = (
        "batch_images_paged",
        "Pictures of a batch are pages (default: bare array)",
    )
    BATCH_IMAGES_LATE = (
        "batch_images_late",
        "A picture is listed one second after it was stored (default: at once)",
    )
    RESULT_ADDRESSES_SHORT = (
        "result_addresses_short",
        "Addresses of pictures and masks expire after one second",
    )
    IDS_AS_WORDS = ("ids_as_words", "Dictionary ids are words, such as `female` (default: UUID)")
    AUX_NEW_SHAPE = (
        "aux_new_shape",
        "Aux images have a plain string type, `algo_app`, `meta` and `signed_url` only",
    )
    AUX_OLD_SHAPE = (
        "aux_old_shape",
        "Aux images have the older shape only: object type, application fields, `urls`",
    )
    DICTIONARIES_PAGED = ("dictionaries_paged", "Dictionaries are pages (default: bare arrays)")
    RESULTS_PAGED = ("results_paged", "Results of an image are pages (default: bare array)")
    RESULTS_EARLY_404 = (
        "results_early_404",
        "v3 results before the first one are answered with 404 (default: an empty object)",
    )
    RESULTS_SOME_SIDES = ("results_some_sides", "Results come for the first side of a batch only")
    PLAIN_ERRORS = ("plain_errors", 'Errors are `{"detail": …}` (default: `type` and `errors`)')
    ISO_TIMESTAMPS = (
        "iso_timestamps",
        "Timestamps of v1 are ISO 8601 with Z (default: a space and no zone)",
    )
    ROWS_AT_ONCE = (
        "rows_at_once",
        "Rows of an application appear together (default: algorithm by algorithm)",
    )
    FAILURES_LEFT_OUT = (
        "failures_left_out",
        'v3 leaves a failed parameter out (default: `{"error": …}` in its place)',
    )
    V3_ROWS_IN_V1 = (
        "v3_rows_in_v1",
        "Results of v3 applications are also rows of the v1 list (default: they are not)",
    )
