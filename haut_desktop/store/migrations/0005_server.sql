-- The server is part of what an id of the platform means: two servers may give one company's id to
-- two companies, as a copy of a server does. It stands in its one form (domain/tenant.py). Empty in
-- rows from before: they become the server's of the kept sign-in, or of the first sign-in with their
-- company, which the audit trail notes (StudyStore.settle_servers).

ALTER TABLE study ADD COLUMN server TEXT NOT NULL DEFAULT '';
CREATE INDEX study_of_tenant ON study (company_id, server);

ALTER TABLE operator ADD COLUMN server TEXT NOT NULL DEFAULT '';
DROP INDEX operator_account;
CREATE UNIQUE INDEX operator_account ON operator (company_id, username, server);
