-- The record. Every row carries an id made on the station, the station's id and the moment it was
-- written. Times are UTC as text of one width, 2026-03-01T09:12:44.000000Z, so that they sort as
-- they are; dates are dates at the site, in the zone that stands beside them. State words are those
-- of haut_desktop/domain; a test compares them.

-- ---- the frame ------------------------------------------------------------------------------

CREATE TABLE site (
    id TEXT PRIMARY KEY NOT NULL,
    code TEXT NOT NULL UNIQUE CHECK (code <> ''),
    zone TEXT NOT NULL CHECK (zone <> ''),
    written_at TEXT NOT NULL
) STRICT;

CREATE TABLE station (
    id TEXT PRIMARY KEY NOT NULL,
    site_id TEXT NOT NULL REFERENCES site (id),
    name TEXT NOT NULL,
    is_here INTEGER NOT NULL CHECK (is_here IN (0, 1)),
    written_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX station_here ON station (is_here) WHERE is_here = 1;

CREATE TABLE operator (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL REFERENCES station (id),
    company_id TEXT NOT NULL,
    platform_user_id INTEGER,
    username TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX operator_account ON operator (company_id, username);

CREATE TABLE setting (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL,
    station_id TEXT NOT NULL REFERENCES station (id),
    written_at TEXT NOT NULL
) STRICT;

CREATE TABLE credential (
    slot INTEGER PRIMARY KEY CHECK (slot = 1),
    server TEXT NOT NULL,
    company_id TEXT NOT NULL,
    user_id INTEGER,
    username TEXT NOT NULL,
    access_token TEXT NOT NULL,
    refresh_token TEXT NOT NULL,
    expires_at TEXT,
    is_private INTEGER NOT NULL CHECK (is_private IN (0, 1)),
    written_at TEXT NOT NULL
) STRICT;

CREATE TABLE dictionary (
    kind TEXT NOT NULL CHECK (kind IN ('algorithms', 'applications')),
    scope TEXT NOT NULL,
    content TEXT NOT NULL,
    written_at TEXT NOT NULL,
    PRIMARY KEY (kind, scope)
) STRICT;

CREATE TABLE camera_clock (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL REFERENCES station (id),
    camera TEXT NOT NULL CHECK (camera <> ''),
    ahead_s REAL NOT NULL,
    measured_at TEXT NOT NULL,
    operator_id TEXT REFERENCES operator (id),
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX camera_clock_latest ON camera_clock (camera, measured_at);

-- ---- study ----------------------------------------------------------------------------------

CREATE TABLE study (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL REFERENCES station (id),
    company_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT,
    written_at TEXT NOT NULL
) STRICT;

-- A plan is never changed, a newer version follows it.
CREATE TABLE imaging_plan (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL REFERENCES station (id),
    study_id TEXT NOT NULL REFERENCES study (id),
    version INTEGER NOT NULL CHECK (version >= 1),
    content TEXT NOT NULL,
    operator_id TEXT REFERENCES operator (id),
    written_at TEXT NOT NULL,
    UNIQUE (study_id, version)
) STRICT;

CREATE TABLE dataset (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL REFERENCES station (id),
    study_id TEXT NOT NULL REFERENCES study (id),
    image_type TEXT NOT NULL CHECK (image_type IN ('selfie', 'visia', 'skin', 'hair')),
    platform_id TEXT NOT NULL,
    name TEXT NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('signed', 'inline')),
    applications TEXT NOT NULL,
    written_at TEXT NOT NULL,
    UNIQUE (study_id, image_type)
) STRICT;

-- ---- subject --------------------------------------------------------------------------------

CREATE TABLE subject (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    study_id TEXT NOT NULL REFERENCES study (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'completed', 'discontinued')),
    birth_year INTEGER,
    birth_date TEXT,
    biological_sex TEXT,
    phototype INTEGER CHECK (phototype BETWEEN 1 AND 6),
    remarks TEXT NOT NULL,
    created_at TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX subject_of_study ON subject (study_id, created_at);

-- code_key is the code in its one form, case folded: what "the same code" means.
CREATE TABLE subject_code (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    study_id TEXT NOT NULL REFERENCES study (id),
    subject_id TEXT NOT NULL REFERENCES subject (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    code TEXT NOT NULL CHECK (code <> ''),
    code_key TEXT NOT NULL CHECK (code_key <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('screening', 'randomisation')),
    reason TEXT NOT NULL,
    since TEXT NOT NULL,
    is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
    written_at TEXT NOT NULL,
    UNIQUE (subject_id, number)
) STRICT;
CREATE UNIQUE INDEX subject_code_taken ON subject_code (study_id, code_key) WHERE is_current = 1;
CREATE UNIQUE INDEX subject_code_current ON subject_code (subject_id) WHERE is_current = 1;

CREATE TABLE registration (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    subject_id TEXT NOT NULL REFERENCES subject (id),
    dataset_id TEXT NOT NULL REFERENCES dataset (id),
    state TEXT NOT NULL CHECK (state IN ('DRAFT', 'REGISTERING', 'REGISTERED', 'HELD')),
    held_from TEXT CHECK (held_from IN ('DRAFT', 'REGISTERING', 'REGISTERED')),
    platform_id TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    error_kind TEXT,
    error_blame TEXT,
    error_title TEXT,
    error_message TEXT,
    written_at TEXT NOT NULL,
    UNIQUE (subject_id, dataset_id),
    CHECK ((state = 'HELD') = (held_from IS NOT NULL)),
    CHECK (state <> 'REGISTERED' OR platform_id IS NOT NULL)
) STRICT;
-- One entry of the platform belongs to one subject: nothing is attached to the wrong one.
CREATE UNIQUE INDEX registration_entry ON registration (dataset_id, platform_id)
    WHERE platform_id IS NOT NULL;
CREATE INDEX registration_held ON registration (state) WHERE state = 'HELD';
CREATE INDEX registration_due ON registration (state, retry_at)
    WHERE state IN ('DRAFT', 'REGISTERING');

-- ---- visit ----------------------------------------------------------------------------------

CREATE TABLE visit (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    study_id TEXT NOT NULL REFERENCES study (id),
    subject_id TEXT REFERENCES subject (id),
    name TEXT NOT NULL CHECK (name <> ''),
    occurrence INTEGER NOT NULL CHECK (occurrence >= 1),
    kind TEXT NOT NULL CHECK (kind IN ('planned', 'unscheduled', 'repeat')),
    status TEXT NOT NULL CHECK (status IN ('open', 'finished', 'missed')),
    local_date TEXT NOT NULL,
    zone TEXT NOT NULL,
    missed_reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    finished_at TEXT,
    not_before TEXT,
    written_at TEXT NOT NULL,
    UNIQUE (subject_id, name, occurrence),
    CHECK (status <> 'finished' OR (subject_id IS NOT NULL AND finished_at IS NOT NULL)),
    CHECK (status <> 'missed' OR missed_reason <> '')
) STRICT;
CREATE INDEX visit_of_subject ON visit (subject_id, created_at);
CREATE INDEX visit_newest ON visit (created_at);

CREATE TABLE observation (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    visit_id TEXT NOT NULL REFERENCES visit (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (name <> ''),
    value TEXT NOT NULL,
    written_at TEXT NOT NULL,
    UNIQUE (visit_id, name)
) STRICT;

CREATE VIEW visit_with_observations AS
SELECT visit.*, visit.rowid AS number, (
    SELECT json_group_array(json_array(name, value))
    FROM (SELECT name, value FROM observation WHERE visit_id = visit.id ORDER BY position)
) AS observations
FROM visit;

CREATE TABLE slot (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    visit_id TEXT NOT NULL REFERENCES visit (id),
    image_type TEXT NOT NULL CHECK (image_type IN ('selfie', 'visia', 'skin', 'hair')),
    side TEXT NOT NULL CHECK (side IN ('front', 'left', 'right', 'other')),
    light TEXT NOT NULL,
    step TEXT NOT NULL,
    replicate INTEGER NOT NULL CHECK (replicate >= 1),
    position INTEGER NOT NULL,
    is_required INTEGER NOT NULL CHECK (is_required IN (0, 1)),
    written_at TEXT NOT NULL,
    UNIQUE (visit_id, image_type, side, light, step, replicate)
) STRICT;

-- A removed take keeps its row and its sealed picture; it only leaves the screen.
CREATE TABLE take (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    slot_id TEXT NOT NULL REFERENCES slot (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    counts INTEGER NOT NULL CHECK (counts IN (0, 1)),
    reason TEXT NOT NULL,
    removed_at TEXT,
    written_at TEXT NOT NULL,
    UNIQUE (slot_id, number),
    CHECK (counts = 0 OR removed_at IS NULL)
) STRICT;
CREATE UNIQUE INDEX take_that_counts ON take (slot_id) WHERE counts = 1;

CREATE TABLE original (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    take_id TEXT UNIQUE REFERENCES take (id),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    md5 TEXT NOT NULL CHECK (length(md5) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
    media_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    orientation INTEGER NOT NULL CHECK (orientation BETWEEN 1 AND 8),
    file_name TEXT NOT NULL,
    captured_text TEXT NOT NULL,
    captured_offset TEXT,
    captured_source TEXT NOT NULL,
    captured_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    zone TEXT NOT NULL,
    vault_name TEXT NOT NULL UNIQUE,
    erased_at TEXT,
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX original_same ON original (sha256);

CREATE TABLE rendition (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    original_id TEXT NOT NULL REFERENCES original (id),
    transform_name TEXT NOT NULL,
    transform_version INTEGER NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    md5 TEXT NOT NULL CHECK (length(md5) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
    media_type TEXT NOT NULL,
    vault_name TEXT NOT NULL,
    erased_at TEXT,
    written_at TEXT NOT NULL,
    UNIQUE (original_id, transform_name, transform_version)
) STRICT;

CREATE TABLE verdict (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    rendition_id TEXT NOT NULL REFERENCES rendition (id),
    author TEXT NOT NULL CHECK (author IN ('station', 'platform', 'reader')),
    code TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('good', 'warn', 'bad')),
    text TEXT NOT NULL,
    score REAL,
    operator_id TEXT REFERENCES operator (id),
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX verdict_of_rendition ON verdict (rendition_id);

-- ---- delivery -------------------------------------------------------------------------------

-- visit_at repeats the visit's moment and has_failed sums up the waiting below, so that the fair
-- order (oldest visit first, failed ones last) is read from one index.
CREATE TABLE batch (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    visit_id TEXT NOT NULL REFERENCES visit (id),
    dataset_id TEXT NOT NULL REFERENCES dataset (id),
    route TEXT NOT NULL CHECK (route IN ('signed', 'inline')),
    state TEXT NOT NULL CHECK (state IN
        ('OPEN', 'INITIATING', 'SUBMITTING', 'SUBMITTED', 'RETRACTING', 'RETRACTED', 'HELD')),
    held_from TEXT CHECK (held_from IN
        ('OPEN', 'INITIATING', 'SUBMITTING', 'SUBMITTED', 'RETRACTING')),
    platform_id TEXT,
    supersedes TEXT REFERENCES batch (id),
    created_at TEXT NOT NULL,
    visit_at TEXT NOT NULL,
    not_before TEXT,
    abandoned INTEGER NOT NULL DEFAULT 0 CHECK (abandoned >= 0),
    submitted_at TEXT,
    completeness TEXT NOT NULL DEFAULT 'pending'
        CHECK (completeness IN ('pending', 'partial', 'complete', 'overdue')),
    has_failed INTEGER NOT NULL DEFAULT 0 CHECK (has_failed IN (0, 1)),
    attempt INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    error_kind TEXT,
    error_blame TEXT,
    error_title TEXT,
    error_message TEXT,
    written_at TEXT NOT NULL,
    CHECK ((state = 'HELD') = (held_from IS NOT NULL)),
    CHECK (state <> 'SUBMITTED' OR submitted_at IS NOT NULL)
) STRICT;
CREATE INDEX batch_due ON batch (has_failed, visit_at, id)
    WHERE state IN ('OPEN', 'INITIATING', 'SUBMITTING');
CREATE INDEX batch_of_visit ON batch (visit_id);
CREATE INDEX batch_rests ON batch (not_before)
    WHERE state IN ('OPEN', 'INITIATING', 'SUBMITTING');
CREATE INDEX batch_unfinished ON batch (submitted_at)
    WHERE state = 'SUBMITTED' AND completeness <> 'complete';
CREATE INDEX batch_held ON batch (state) WHERE state = 'HELD';
CREATE INDEX batch_retry ON batch (retry_at)
    WHERE retry_at IS NOT NULL AND state IN ('OPEN', 'INITIATING', 'SUBMITTING');
CREATE UNIQUE INDEX batch_entry ON batch (dataset_id, platform_id) WHERE platform_id IS NOT NULL;

-- size_bytes repeats the rendition's, so that "what is left" is a sum over one index.
CREATE TABLE image (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    batch_id TEXT NOT NULL REFERENCES batch (id),
    rendition_id TEXT NOT NULL REFERENCES rendition (id),
    size_bytes INTEGER NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('front', 'left', 'right', 'other')),
    light TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    state TEXT NOT NULL CHECK (state IN
        ('SEALED', 'UPLOADING', 'UNSETTLED', 'STORED', 'HELD', 'ERASED')),
    held_from TEXT CHECK (held_from IN ('SEALED', 'UPLOADING', 'UNSETTLED', 'STORED')),
    platform_id TEXT,
    address TEXT,
    proof_kind TEXT CHECK (proof_kind IN ('store-hash', 'length-only', 'server-id-only')),
    proof_detail TEXT,
    proof_at TEXT,
    body_drops INTEGER NOT NULL DEFAULT 0 CHECK (body_drops >= 0),
    attempt INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    error_kind TEXT,
    error_blame TEXT,
    error_title TEXT,
    error_message TEXT,
    written_at TEXT NOT NULL,
    UNIQUE (batch_id, rendition_id),
    CHECK ((state = 'HELD') = (held_from IS NOT NULL)),
    CHECK (state <> 'STORED' OR (proof_kind IS NOT NULL AND proof_at IS NOT NULL))
) STRICT;
CREATE INDEX image_waiting ON image (state, size_bytes)
    WHERE state IN ('SEALED', 'UPLOADING', 'UNSETTLED', 'HELD');
CREATE INDEX image_of_rendition ON image (rendition_id);
CREATE INDEX image_sent ON image (proof_at) WHERE proof_at IS NOT NULL;
CREATE INDEX image_retry ON image (retry_at)
    WHERE retry_at IS NOT NULL AND state IN ('SEALED', 'UPLOADING', 'UNSETTLED');

-- Twice would mean two living batches of one picture in one dataset.
CREATE TRIGGER image_once BEFORE INSERT ON image
BEGIN
    SELECT RAISE(ABORT, 'the picture is in a batch of this dataset already')
    FROM image AS other
    JOIN batch AS theirs ON theirs.id = other.batch_id
    JOIN batch AS ours ON ours.id = NEW.batch_id
    WHERE other.rendition_id = NEW.rendition_id
        AND theirs.dataset_id = ours.dataset_id
        AND theirs.state <> 'RETRACTED';
END;

CREATE TABLE abandoned_batch (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    batch_id TEXT NOT NULL REFERENCES batch (id),
    platform_id TEXT,
    images TEXT NOT NULL,
    reason TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX abandoned_batch_of ON abandoned_batch (batch_id);

CREATE TABLE transition (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    entity TEXT NOT NULL CHECK (entity IN ('image', 'batch', 'registration')),
    entity_id TEXT NOT NULL,
    event TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    error_kind TEXT,
    operator_id TEXT REFERENCES operator (id),
    reason TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX transition_of ON transition (entity_id);

-- ---- what the algorithms said ---------------------------------------------------------------

-- One row for each thing said; what was said differently later is a new row, the first one stays.
CREATE TABLE result (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    batch_id TEXT NOT NULL REFERENCES batch (id),
    rendition_id TEXT REFERENCES rendition (id),
    platform_image_id TEXT,
    algorithm TEXT NOT NULL,
    version TEXT NOT NULL,
    version_id INTEGER,
    name TEXT NOT NULL,
    application TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('front', 'left', 'right', 'other')),
    is_ok INTEGER NOT NULL CHECK (is_ok IN (0, 1)),
    error TEXT NOT NULL,
    masks TEXT NOT NULL,
    computed_at TEXT,
    raw BLOB NOT NULL,
    said TEXT NOT NULL,
    is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
    received_at TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX result_current
    ON result (batch_id, side, coalesce(rendition_id, ''), algorithm, version, application)
    WHERE is_current = 1;

CREATE TABLE result_value (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    result_id TEXT NOT NULL REFERENCES result (id),
    position INTEGER NOT NULL,
    area TEXT NOT NULL,
    metric TEXT NOT NULL,
    is_main INTEGER NOT NULL CHECK (is_main IN (0, 1)),
    name TEXT NOT NULL,
    number REAL,
    text TEXT,
    unit TEXT,
    widget TEXT NOT NULL,
    written_at TEXT NOT NULL,
    UNIQUE (result_id, position),
    CHECK ((number IS NULL) <> (text IS NULL))
) STRICT;

CREATE TABLE result_document (
    batch_id TEXT PRIMARY KEY NOT NULL REFERENCES batch (id),
    station_id TEXT NOT NULL,
    content BLOB NOT NULL,
    received_at TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;

-- ---- what was done --------------------------------------------------------------------------

CREATE TABLE correction (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    field TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    operator_id TEXT REFERENCES operator (id),
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX correction_of ON correction (entity_id);

CREATE TABLE audit (
    number INTEGER PRIMARY KEY NOT NULL,
    written_at TEXT NOT NULL,
    zone TEXT NOT NULL,
    station_id TEXT NOT NULL,
    operator_id TEXT REFERENCES operator (id),
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    reason TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX audit_of ON audit (entity_id);

CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is not rewritten'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is not shortened'); END;
CREATE TRIGGER transition_unchanged BEFORE UPDATE ON transition
BEGIN SELECT RAISE(ABORT, 'transitions are not rewritten'); END;
CREATE TRIGGER transition_kept BEFORE DELETE ON transition
BEGIN SELECT RAISE(ABORT, 'transitions are not removed'); END;
CREATE TRIGGER correction_unchanged BEFORE UPDATE ON correction
BEGIN SELECT RAISE(ABORT, 'corrections are not rewritten'); END;
CREATE TRIGGER correction_kept BEFORE DELETE ON correction
BEGIN SELECT RAISE(ABORT, 'corrections are not removed'); END;
