-- The statements of `SqliteBackend`, each under the name of its field in `Statements`.
-- {run} stands for the columns of a run, in the order of `Run`.


-- Runs ---------------------------------------------------------------------------------------------------------------

-- name: create
-- Unless there is one of that id.
INSERT INTO run (id, generation, workflow, version, state, created, wake, owner, token, events, problem,
                 parent_run, parent_position)
SELECT :id, 0, :workflow, :version, 'running', :at, :at, :owner, :owner IS NOT NULL, 1, '',
       :parent_run, :parent_position
WHERE NOT EXISTS (SELECT 1 FROM run WHERE id = :id)

-- name: continue_as_new
INSERT INTO run (id, generation, workflow, version, state, created, wake, owner, token, events, problem,
                 parent_run, parent_position)
SELECT id, generation + 1, :workflow, :version, 'running', :at, :at, NULL, 0, 1, '', parent_run, parent_position
FROM run
WHERE number = :run

-- name: in_the_way
-- An imported generation would stop a run of its id from continuing as new.
SELECT 1 FROM run WHERE id = ? AND (generation = ? OR token >= 0)

-- name: import_run
INSERT INTO run (id, generation, workflow, version, state, created, closed, wake, owner, token, events, problem)
VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, -1, ?, ?)

-- name: get
SELECT {run} FROM run WHERE number = ?

-- name: newest
SELECT {run} FROM run WHERE id = ? ORDER BY generation DESC LIMIT 1

-- name: find
SELECT {run} FROM run WHERE id = ? AND generation = ?

-- name: history
SELECT data FROM event WHERE run = ? AND position >= ? ORDER BY position

-- name: counts
SELECT state, runs FROM tally


-- Commits: one statement checks the lease and moves the run on -------------------------------------------------------

-- name: advance
UPDATE run SET events = ?, wake = ?, problem = ?
WHERE number = ? AND token = ? AND events = ? AND owner IS NOT NULL

-- name: release
UPDATE run SET events = ?, wake = ?, problem = ?, owner = NULL
WHERE number = ? AND token = ? AND events = ? AND owner IS NOT NULL

-- name: finish
UPDATE run SET events = ?, state = ?, closed = ?, problem = ?, wake = NULL, owner = NULL
WHERE number = ? AND token = ? AND events = ? AND owner IS NOT NULL

-- name: append
INSERT INTO event (run, position, data) VALUES (?, ?, ?)

-- name: consume
DELETE FROM inbox WHERE row = ? AND run = ?

-- name: rouse
-- A message that came after the worker's last look must not be left to a run that sleeps.
UPDATE run SET wake = 0.0 WHERE number = :run AND EXISTS (SELECT 1 FROM inbox WHERE run = :run)

-- name: stored
-- What tells a commit that was stored before from one whose lease is lost.
SELECT token, events, owner, (SELECT data FROM event WHERE run = number AND position = :last)
FROM run
WHERE number = :run


-- Messages -----------------------------------------------------------------------------------------------------------

-- name: recipient
SELECT number FROM run WHERE number = ? AND state = 'running' AND token >= 0

-- name: newest_recipient
SELECT number
FROM (SELECT number, state, token FROM run WHERE id = ? ORDER BY generation DESC LIMIT 1)
WHERE state = 'running' AND token >= 0

-- name: deliver
INSERT INTO inbox (run, stay, data) VALUES (?, ?, ?)

-- name: wake
UPDATE run SET wake = :at WHERE number = :run AND owner IS NULL AND (wake IS NULL OR wake > :at)

-- name: run_inbox
SELECT row, run, data FROM inbox WHERE run = ? ORDER BY row

-- name: move_inbox
-- As new rows, so that they come after those that are already there.
INSERT INTO inbox (run, stay, data) SELECT :next, 0, data FROM inbox WHERE run = :run AND NOT stay ORDER BY row

-- name: empty_inbox
DELETE FROM inbox WHERE run = ?

-- name: inbox_of_owned
-- CROSS JOIN: from the inbox, which is nearly always empty, to the runs.
SELECT inbox.row, inbox.run, inbox.data
FROM inbox CROSS JOIN run ON run.number = inbox.run
WHERE run.owner = ?
ORDER BY inbox.row


-- Workers and claims -------------------------------------------------------------------------------------------------

-- name: register
INSERT INTO worker (id, expires) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET expires = excluded.expires

-- name: unregister
DELETE FROM worker WHERE id = ?

-- name: forget_expired
DELETE FROM worker WHERE expires <= ? AND id <> ?

-- name: owners
-- Hops from one owner to the next in the index; DISTINCT would read all runs that are owned.
WITH RECURSIVE owner (id) AS (
    SELECT min(owner) FROM run WHERE owner IS NOT NULL
    UNION ALL
    SELECT (SELECT min(run.owner) FROM run WHERE run.owner > owner.id) FROM owner WHERE owner.id IS NOT NULL
)
SELECT owner.id, worker.expires FROM owner LEFT JOIN worker ON worker.id = owner.id WHERE owner.id IS NOT NULL

-- name: set_free
UPDATE run SET owner = NULL, wake = 0.0, lost = 1 WHERE owner = ?

-- name: retry_problems
-- The unary plus keeps the index of all that are running out.
UPDATE run SET problem = '', wake = min(coalesce(wake, :now), :now)
WHERE problem <> '' AND workflow IN (SELECT value FROM json_each(:workflows))
  AND owner IS NULL AND +state = 'running' AND token >= 0

-- name: next_wake
-- One look at the index for each workflow.
SELECT min((SELECT min(wake) FROM run WHERE workflow = served.value AND owner IS NULL AND wake IS NOT NULL))
FROM json_each(?) AS served

-- name: due
SELECT wake, number, lost FROM run
WHERE workflow = ? AND owner IS NULL AND wake <= ?
ORDER BY wake, number
LIMIT ?

-- name: claim
UPDATE run SET owner = ?, token = token + 1, lost = 0 WHERE number = ? RETURNING {run}

-- name: changes
PRAGMA data_version


-- Lists: each form of `Filter` goes along an index, newest first ----------------------------------------------------

-- name: list_all
SELECT {run} FROM run
WHERE number < :before AND substr(id, 1, length(:prefix)) = :prefix
ORDER BY number DESC LIMIT :limit

-- name: list_state
SELECT {run} FROM run
WHERE state = :state AND number < :before AND substr(id, 1, length(:prefix)) = :prefix
ORDER BY number DESC LIMIT :limit

-- name: list_workflow_state
SELECT {run} FROM run
WHERE workflow = :workflow AND state = :state AND number < :before AND substr(id, 1, length(:prefix)) = :prefix
ORDER BY number DESC LIMIT :limit

-- name: list_workflow
-- The index is by workflow and state: its five parts are merged.
SELECT {run} FROM run
WHERE workflow = :workflow AND state = 'running' AND number < :before AND substr(id, 1, length(:prefix)) = :prefix
UNION ALL
SELECT {run} FROM run
WHERE workflow = :workflow AND state = 'completed' AND number < :before AND substr(id, 1, length(:prefix)) = :prefix
UNION ALL
SELECT {run} FROM run
WHERE workflow = :workflow AND state = 'failed' AND number < :before AND substr(id, 1, length(:prefix)) = :prefix
UNION ALL
SELECT {run} FROM run
WHERE workflow = :workflow AND state = 'cancelled' AND number < :before AND substr(id, 1, length(:prefix)) = :prefix
UNION ALL
SELECT {run} FROM run
WHERE workflow = :workflow AND state = 'continued' AND number < :before AND substr(id, 1, length(:prefix)) = :prefix
ORDER BY number DESC LIMIT :limit

-- name: is_rare
-- Whether so few ids begin like this that sorting them is quick. No text in UTF-8 has a byte FF.
SELECT count(*) < :many
FROM (SELECT 1 FROM run WHERE id >= :prefix AND id < :prefix || CAST(x'FF' AS TEXT) LIMIT :many)

-- name: list_rare_prefix
-- The unary plus keeps the other columns' indexes out.
SELECT {run} FROM run
WHERE id >= :prefix AND id < :prefix || CAST(x'FF' AS TEXT)
  AND +number < :before AND (:state IS NULL OR +state = :state) AND (:workflow IS NULL OR +workflow = :workflow)
ORDER BY +number DESC LIMIT :limit
