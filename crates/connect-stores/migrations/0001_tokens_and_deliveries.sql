-- What the token store and the guard against replays keep. Run it as often as you like.

-- One row a user of an application at an issuer.
CREATE TABLE IF NOT EXISTS mobiscroll_connect_tokens (
    -- The SHA-256 of issuer, client id and user: an id may be longer than an index takes, and hold what text does not.
    key text PRIMARY KEY,
    -- For people who look; U+0000 is shown as U+FFFD.
    issuer text NOT NULL,
    client_id text NOT NULL,
    user_id text NOT NULL,
    -- The tokens with the key they belong to: JSON, sealed where the application gave keys.
    record bytea NOT NULL,
    saved_at timestamptz NOT NULL
);

-- Who may write a row of tokens. A row here goes when the lock is given back.
CREATE TABLE IF NOT EXISTS mobiscroll_connect_locks (
    key text PRIMARY KEY,
    holder text NOT NULL,
    -- The advisory lock that the holder's process keeps for as long as it lives.
    alive bigint NOT NULL,
    until timestamptz NOT NULL
);

-- Deliveries in hand, and those that were handled.
CREATE TABLE IF NOT EXISTS mobiscroll_connect_deliveries (
    -- The SHA-256 of the delivery's id.
    id text PRIMARY KEY,
    claim text NOT NULL,
    done boolean NOT NULL,
    claimed_until timestamptz NOT NULL,
    kept_until timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS mobiscroll_connect_deliveries_kept_until ON mobiscroll_connect_deliveries (kept_until);
