package claims

import (
	"context"
	"database/sql"
	"fmt"
)

const (
	schemaVersion = 4
	applicationID = 0x6d6b636c // "mkcl"; another application's database is refused
)

// schema repeats the ledger's rules as constraints, so that a mistake in the statements above
// them, or a person with a shell, is refused by the database as well.
const schema = `
CREATE TABLE claim(
  receipt_id     TEXT PRIMARY KEY CHECK(length(receipt_id) = 34),
  op_key         BLOB NOT NULL CHECK(length(op_key) = 32),
  run_id         TEXT NOT NULL CHECK(length(run_id) = 34),
  kind           TEXT NOT NULL CHECK(kind <> ''),
  op_digest      BLOB NOT NULL CHECK(length(op_digest) = 32),
  receipt_digest BLOB NOT NULL CHECK(length(receipt_digest) = 32),
  state          TEXT NOT NULL CHECK(state IN('claimed','executing','decided','closed','revoked')),
  outcome        TEXT NOT NULL DEFAULT '' CHECK(outcome IN('','success','failed','rejected','unknown')),
  owner          TEXT NOT NULL CHECK(owner <> ''),
  epoch          INTEGER NOT NULL CHECK((epoch >= 1) = (state <> 'revoked') AND epoch >= 0),
  lease_until    INTEGER NOT NULL,
  attempts       INTEGER NOT NULL DEFAULT 0 CHECK(attempts BETWEEN 0 AND 16),
  claim_record   BLOB CHECK(length(claim_record) = 32),
  expires_at     INTEGER NOT NULL,
  decided_at     INTEGER,
  outcome_leaf   BLOB CHECK(length(outcome_leaf) = 32),
  outcome_index  INTEGER CHECK(outcome_index >= 0),
  revocation     BLOB CHECK(length(revocation) = 32),
  rejection      BLOB CHECK(length(rejection) = 32),
  resolution     BLOB CHECK(length(resolution) = 32),
  CHECK((claim_record IS NOT NULL) = (state <> 'revoked')),
  CHECK((state IN('decided','closed')) = (outcome <> '' AND outcome_leaf IS NOT NULL AND decided_at IS NOT NULL)),
  CHECK(state <> 'closed' OR outcome_index IS NOT NULL),
  CHECK(state <> 'revoked' OR revocation IS NOT NULL),
  CHECK(outcome <> 'rejected' OR attempts = 0),
  CHECK(rejection IS NULL OR (outcome = 'rejected' AND revocation IS NULL)),
  CHECK(resolution IS NULL OR (state = 'closed' AND outcome IN('success','failed')))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX claim_live_op ON claim(op_key)
  WHERE state IN('claimed','executing','decided') OR outcome = 'unknown';
CREATE UNIQUE INDEX claim_success ON claim(kind, op_digest) WHERE outcome = 'success';
CREATE INDEX claim_operation ON claim(op_digest);
CREATE INDEX claim_unlogged ON claim(decided_at) WHERE state = 'decided' AND outcome_index IS NULL;
CREATE INDEX claim_open ON claim(state) WHERE state IN('claimed','executing','decided');
CREATE TRIGGER claim_never_deleted BEFORE DELETE ON claim BEGIN SELECT RAISE(ABORT, 'claims are never deleted'); END;
CREATE TRIGGER claim_epoch_grows BEFORE UPDATE ON claim WHEN NEW.epoch < OLD.epoch OR NEW.attempts < OLD.attempts
  BEGIN SELECT RAISE(ABORT, 'epoch and attempts only grow'); END;
CREATE TRIGGER claim_stays BEFORE UPDATE ON claim
  WHEN OLD.state IN('closed','revoked') AND (NEW.state <> OLD.state OR (NEW.outcome <> OLD.outcome AND OLD.outcome <> 'unknown'))
  BEGIN SELECT RAISE(ABORT, 'closed and revoked claims stay so'); END;

CREATE TABLE frozen(
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  leaf       BLOB NOT NULL UNIQUE CHECK(length(leaf) = 32),
  digest     BLOB NOT NULL CHECK(length(digest) = 32),
  kind       TEXT NOT NULL CHECK(kind <> ''),
  run_id     TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  epoch      INTEGER NOT NULL CHECK(epoch >= 0),
  envelope   BLOB,
  log_index  INTEGER CHECK(log_index >= 0),
  frozen_at  INTEGER NOT NULL,
  who        TEXT NOT NULL DEFAULT '',
  stored     INTEGER NOT NULL DEFAULT 0 CHECK(stored >= 0),
  CHECK(envelope IS NOT NULL OR log_index IS NOT NULL)
) STRICT;
CREATE INDEX frozen_run ON frozen(run_id) WHERE run_id <> '';
CREATE INDEX frozen_page ON frozen(run_id, log_index) WHERE run_id <> '';
CREATE INDEX frozen_vote ON frozen(run_id, seq) WHERE kind = 'approval';
CREATE INDEX frozen_ground ON frozen(run_id) WHERE kind IN('submission','receipt','revocation','resolution');
CREATE INDEX frozen_kind ON frozen(kind, frozen_at);
CREATE INDEX frozen_who ON frozen(who, kind, frozen_at) WHERE who <> '';
CREATE INDEX frozen_who_run ON frozen(run_id, who, kind) WHERE who <> '';
CREATE INDEX frozen_receipt ON frozen(receipt_id) WHERE receipt_id <> '';
CREATE INDEX frozen_digest ON frozen(digest);
CREATE INDEX frozen_adoption ON frozen(seq) WHERE kind IN('trust-adopted','shard-genesis');
CREATE INDEX frozen_outbox ON frozen(seq) WHERE log_index IS NULL;
CREATE UNIQUE INDEX frozen_epoch ON frozen(receipt_id, kind, epoch) WHERE kind IN('claim','intent');
CREATE UNIQUE INDEX frozen_once ON frozen(receipt_id, kind) WHERE kind IN('outcome','resolution');

CREATE TABLE transition(
  receipt_id TEXT NOT NULL, seq INTEGER NOT NULL,
  from_state TEXT NOT NULL, to_state TEXT NOT NULL, epoch INTEGER NOT NULL,
  actor TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY(receipt_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER transition_kept BEFORE UPDATE ON transition BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER transition_never_deleted BEFORE DELETE ON transition BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

CREATE TABLE draft(
  op_digest  BLOB NOT NULL CHECK(length(op_digest) = 32),
  id         INTEGER NOT NULL CHECK(id > 0),
  receipt_id TEXT NOT NULL CHECK(length(receipt_id) = 34),
  epoch      INTEGER NOT NULL CHECK(epoch >= 1),
  noted_at   INTEGER NOT NULL,
  struck     INTEGER NOT NULL DEFAULT 0 CHECK(struck IN(0, 1)),
  PRIMARY KEY(op_digest, id, struck)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER draft_kept BEFORE UPDATE ON draft BEGIN SELECT RAISE(ABORT, 'drafts are append-only'); END;
CREATE TRIGGER draft_never_deleted BEFORE DELETE ON draft BEGIN SELECT RAISE(ABORT, 'drafts are append-only'); END;

CREATE TABLE evidence(
  digest BLOB PRIMARY KEY CHECK(length(digest) = 32),
  run_id TEXT NOT NULL CHECK(length(run_id) = 34)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER evidence_kept BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence follows the run that brought it'); END;

CREATE TABLE mark(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

// settings are applied in this order and read back: a build or a file system that silently
// keeps another journal or a weaker sync must not carry claims.
var settings = []struct{ name, set, want string }{
	{"busy_timeout", "0", "0"},
	{"locking_mode", "EXCLUSIVE", "exclusive"},
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
	{"fullfsync", "ON", "1"},
	{"temp_store", "MEMORY", "2"}, // savepoints must not depend on room in another file system
	{"trusted_schema", "OFF", "0"},
	{"cell_size_check", "ON", "1"},
	{"secure_delete", "ON", "1"}, // what is erased must not stay on a free page
}

func configure(ctx context.Context, c *sql.Conn) error {
	for _, s := range settings {
		var got string
		if _, err := c.ExecContext(ctx, "PRAGMA "+s.name+"="+s.set); err != nil {
			return err
		}
		if err := c.QueryRowContext(ctx, "PRAGMA "+s.name).Scan(&got); err != nil {
			return err
		}
		if got != s.want {
			return fmt.Errorf("PRAGMA %s is %q, not %q", s.name, got, s.want)
		}
	}
	return nil
}

// migrate makes the tables in an empty database and refuses every other version.
func migrate(ctx context.Context, c *sql.Conn) error {
	var version, app, tables int
	err := c.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)`).Scan(&version, &app, &tables)
	if err != nil {
		return err
	}
	if version == schemaVersion && app == applicationID {
		return nil
	}
	if version != 0 || app != 0 || tables != 0 {
		return fmt.Errorf("not a claim ledger of version %d (version %d, application %#x, %d tables)", schemaVersion, version, app, tables)
	}
	_, err = c.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE;%s PRAGMA user_version=%d; PRAGMA application_id=%d; COMMIT", schema, schemaVersion, applicationID))
	return err
}

// sound reads every page and refuses a damaged file.
func sound(ctx context.Context, c *sql.Conn) error {
	var answer string
	if err := c.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil {
		return err
	}
	if answer != "ok" {
		return fmt.Errorf("the database is damaged: %s", answer)
	}
	return nil
}
