"""Finding subjects: the most recent first, with what is counted for each of the page."""

import json
from typing import Final

from haut_desktop.domain.ids import StudyId
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.rows import Value

# What counts is when a subject was last seen or made, the later one: a visit that was read back
# from the platform may be older than the subject here. At the same moment P-2 is before P-10.
# The subjects of the page first, what is counted for each of them afterwards; CROSS JOIN keeps the
# planner from going through all pictures that wait.
_PAGE: Final = """
WITH page AS (
    SELECT subject.*,
        (SELECT max(created_at) FROM visit WHERE subject_id = subject.id) AS last_visit_at,
        (SELECT code_key FROM subject_code WHERE subject_id = subject.id
            ORDER BY number DESC LIMIT 1) AS code_key
    FROM subject
    WHERE {which}
    ORDER BY max(coalesce(last_visit_at, ''), created_at) DESC, length(code_key), code_key, id
    LIMIT :limit)
SELECT page.*,
    (SELECT count(*) FROM visit WHERE subject_id = page.id) AS visit_count,
    (SELECT count(*) FROM visit
        CROSS JOIN batch ON batch.visit_id = visit.id
        CROSS JOIN image ON image.batch_id = batch.id
        WHERE visit.subject_id = page.id
            AND batch.state NOT IN ('RETRACTING', 'RETRACTED')
            AND +image.state IN ('SEALED', 'UPLOADING', 'UNSETTLED', 'HELD')) AS waiting_images
FROM page
ORDER BY max(coalesce(last_visit_at, ''), created_at) DESC, length(code_key), code_key, id
"""
_WITH_CODE: Final = _PAGE.format(
    which="""study_id = :study_id AND EXISTS (
        SELECT 1 FROM subject_code
        WHERE subject_id = subject.id AND code_key LIKE :pattern ESCAPE '\\')"""
)
_OF_THESE: Final = _PAGE.format(which="id IN (SELECT value FROM json_each(:ids))")

_VISITED: Final = """
SELECT subject_id, created_at FROM visit
WHERE study_id = ? AND subject_id IS NOT NULL
ORDER BY created_at DESC
"""
_REGISTERED: Final = """
SELECT id FROM subject
WHERE study_id = ? AND created_at >= ?
ORDER BY created_at DESC, (
    SELECT printf('%08d', length(code_key)) || code_key FROM subject_code
    WHERE subject_id = subject.id ORDER BY number DESC LIMIT 1)
LIMIT ?
"""


def find_subjects(connection: Connection, study_id: StudyId, key: str, limit: int) -> list[Row]:
    """Rows of the subjects with ``key`` in any of their codes; every subject for an empty one."""
    values: dict[str, Value] = {"study_id": study_id, "limit": limit}
    if not key:
        values["ids"] = json.dumps(_most_recent(connection, study_id, limit))
        return connection.execute(_OF_THESE, values).fetchall()
    for special in "\\%_":
        key = key.replace(special, f"\\{special}")
    return connection.execute(_WITH_CODE, values | {"pattern": f"%{key}%"}).fetchall()


def _most_recent(connection: Connection, study_id: StudyId, limit: int) -> list[str]:
    """Every subject that can be on the first page: of the newest visits, and the newest made."""
    seen: dict[str, str] = {}
    for row in connection.execute(_VISITED, (study_id,)):
        # those who were last seen at the same moment are told apart by their codes
        if len(seen) >= limit and row["created_at"] < next(reversed(seen.values())):
            break
        seen.setdefault(row["subject_id"], row["created_at"])
    since = min(seen.values()) if len(seen) >= limit else ""
    others = connection.execute(_REGISTERED, (study_id, since, limit))
    return [*seen, *(row["id"] for row in others if row["id"] not in seen)]
