-- The tables of the token store and of the replay guard. This script can be run repeatedly.

-- The tokens: one row per issuer, application and user.
CREATE TABLE IF NOT EXISTS mobiscroll_connect_tokens (
    -- The SHA-256 of issuer, client id and user. An id may be too long for an index, or contain U+0000.
    key text PRIMARY KEY,
    -- Only for operators who read the table. U+0000 is replaced by U+FFFD.
    issuer text NOT NULL,
    client_id text NOT NULL,
    user_id text NOT NULL,
    -- JSON: the tokens, sealed if the application uses a `Seal`, and the key they belong to.
    record bytea NOT NULL,
    saved_at timestamptz NOT NULL
);

-- The locks: the holder of a lock may write the tokens with the same key. A release deletes the row.
CREATE TABLE IF NOT EXISTS mobiscroll_connect_locks (
    key text PRIMARY KEY,
    holder text NOT NULL,
    -- The id of the advisory lock that the holder's process has until the process ends.
    alive bigint NOT NULL,
    until timestamptz NOT NULL
);

-- The deliveries that are claimed or were handled.
CREATE TABLE IF NOT EXISTS mobiscroll_connect_deliveries (
    -- The SHA-256 of the application's client id and the delivery's id.
    id text PRIMARY KEY,
    claim text NOT NULL,
    done boolean NOT NULL,
    claimed_until timestamptz NOT NULL,
    kept_until timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS mobiscroll_connect_deliveries_kept_until ON mobiscroll_connect_deliveries (kept_until);
