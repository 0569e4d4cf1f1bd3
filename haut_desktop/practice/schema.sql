CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS companies (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY, company_id TEXT NOT NULL, username TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL, role TEXT NOT NULL, mfa INTEGER NOT NULL, full_name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refresh_tokens (
    digest TEXT PRIMARY KEY, account_id INTEGER NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS private_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS datasets (
    id TEXT PRIMARY KEY, company_id TEXT NOT NULL, name TEXT NOT NULL, image_type_id INTEGER NOT NULL,
    expire_images_after_days INTEGER, expire_metadata_after_days INTEGER,
    clean_images_as_soon_as_ready INTEGER NOT NULL DEFAULT 0, custom_branding INTEGER,
    author_id INTEGER NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL REFERENCES datasets ON DELETE CASCADE,
    application TEXT NOT NULL, enabled_algorithms TEXT, algorithms_flags TEXT, created REAL NOT NULL,
    UNIQUE (dataset_id, application));
CREATE TABLE IF NOT EXISTS subjects (
    id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL REFERENCES datasets ON DELETE CASCADE,
    name TEXT NOT NULL, birth_date TEXT, biological_sex TEXT, meta TEXT,
    author_id INTEGER NOT NULL, created REAL NOT NULL, demonstration INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS subjects_by_dataset ON subjects (dataset_id);
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, subject_id TEXT NOT NULL REFERENCES subjects ON DELETE CASCADE,
    creation_time REAL NOT NULL, created REAL NOT NULL, meta TEXT,
    signed INTEGER NOT NULL DEFAULT 0, computes INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS batches_by_subject ON batches (subject_id);
CREATE TABLE IF NOT EXISTS images (
    id TEXT PRIMARY KEY, batch_id TEXT NOT NULL REFERENCES batches ON DELETE CASCADE,
    name TEXT NOT NULL, side_id INTEGER NOT NULL, light_id INTEGER NOT NULL, meta TEXT,
    created REAL NOT NULL, position INTEGER NOT NULL DEFAULT 0,
    times_computed INTEGER NOT NULL DEFAULT 0, cleaned INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS images_by_batch ON images (batch_id);
CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, size INTEGER NOT NULL, sha256 TEXT NOT NULL, md5 TEXT NOT NULL,
    crc32c TEXT NOT NULL, content_type TEXT NOT NULL, stored REAL NOT NULL,
    puts INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
    version_id INTEGER NOT NULL, priority INTEGER NOT NULL, not_before REAL NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_image ON jobs (image_id);
CREATE TABLE IF NOT EXISTS results (
    id TEXT PRIMARY KEY, image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, version_id INTEGER NOT NULL,
    is_ok INTEGER NOT NULL, result TEXT NOT NULL, parameter TEXT, created REAL NOT NULL,
    UNIQUE (image_id, run_id, version_id));
CREATE TABLE IF NOT EXISTS aux_images (
    id TEXT PRIMARY KEY, image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, type TEXT NOT NULL,
    object_key TEXT NOT NULL, meta TEXT, created REAL NOT NULL, UNIQUE (image_id, run_id, type));
CREATE TABLE IF NOT EXISTS transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, image_id TEXT NOT NULL, run_id TEXT NOT NULL,
    version_id INTEGER NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS violations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, path TEXT NOT NULL,
    created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS drawings (
    image_id TEXT PRIMARY KEY REFERENCES images ON DELETE CASCADE, seed INTEGER NOT NULL,
    skin_tone TEXT NOT NULL, side TEXT NOT NULL, visit INTEGER NOT NULL, taken REAL NOT NULL);
CREATE TABLE IF NOT EXISTS webhooks (
    dataset_id TEXT PRIMARY KEY REFERENCES datasets ON DELETE CASCADE, url TEXT NOT NULL,
    authorization TEXT NOT NULL, authorization_key TEXT NOT NULL, authorization_value TEXT NOT NULL,
    method TEXT NOT NULL, enabled INTEGER NOT NULL, add_survey_answers INTEGER NOT NULL,
    merge_webhooks INTEGER NOT NULL, secret_key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhook_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    run_id TEXT REFERENCES runs ON DELETE CASCADE,
    attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL);
CREATE TABLE IF NOT EXISTS effects (
    id TEXT PRIMARY KEY, company_id TEXT NOT NULL, title TEXT NOT NULL, description TEXT, type TEXT,
    attach_options TEXT, created REAL NOT NULL, updated REAL NOT NULL);
