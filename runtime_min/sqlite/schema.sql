-- Format 1. Times are seconds since the epoch; `data` is an encoded event.

CREATE TABLE run (
    number          INTEGER PRIMARY KEY,
    id              TEXT NOT NULL,
    generation      INTEGER NOT NULL,
    workflow        TEXT NOT NULL,
    version         TEXT NOT NULL,
    state           TEXT NOT NULL,
    created         REAL NOT NULL,
    closed          REAL,
    wake            REAL,
    owner           TEXT,
    token           INTEGER NOT NULL, -- -1: imported, nobody runs it and nothing is delivered to it
    lost            INTEGER NOT NULL DEFAULT 0, -- its last owner did not give it back
    events          INTEGER NOT NULL,
    problem         TEXT NOT NULL,
    parent_run      INTEGER,
    parent_position INTEGER
) STRICT;

CREATE UNIQUE INDEX run_id ON run (id, generation);
CREATE INDEX run_state ON run (state);
CREATE INDEX run_workflow ON run (workflow, state);

-- Partial, so that finished runs are in none, and a step of an owned run touches none.
CREATE INDEX run_due ON run (workflow, wake) WHERE owner IS NULL AND wake IS NOT NULL;
CREATE INDEX run_owner ON run (owner) WHERE owner IS NOT NULL;
CREATE INDEX run_problem ON run (workflow) WHERE problem <> '';

CREATE TABLE event (
    run      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    data     BLOB NOT NULL,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a row's number is never used again, so that a message is consumed once.
CREATE TABLE inbox (
    row  INTEGER PRIMARY KEY AUTOINCREMENT,
    run  INTEGER NOT NULL,
    stay INTEGER NOT NULL, -- sent to this very run, so that it is not for the next generation
    data BLOB NOT NULL
) STRICT;

CREATE INDEX inbox_run ON inbox (run);

CREATE TABLE worker (
    id      TEXT PRIMARY KEY,
    expires REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Counting a million rows takes a while; keeping count does not.
CREATE TABLE tally (
    state TEXT PRIMARY KEY,
    runs  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tally VALUES ('running', 0), ('completed', 0), ('failed', 0), ('cancelled', 0), ('continued', 0);

CREATE TRIGGER run_inserted AFTER INSERT ON run BEGIN
    UPDATE tally SET runs = runs + 1 WHERE state = new.state;
END;

CREATE TRIGGER run_closed AFTER UPDATE OF state ON run BEGIN
    UPDATE tally SET runs = runs - 1 WHERE state = old.state;
    UPDATE tally SET runs = runs + 1 WHERE state = new.state;
END;
