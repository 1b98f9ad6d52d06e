"""The first tables. They are spelt out here, and stay as they are when ``tables.py`` moves on."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    "CREATE TABLE study (key VARCHAR NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE reader (id VARCHAR NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, simulated BOOLEAN NOT NULL,
    link VARCHAR NOT NULL UNIQUE, password_hash VARCHAR NOT NULL)""",
    """CREATE TABLE "case" (id VARCHAR NOT NULL PRIMARY KEY, reader_id VARCHAR NOT NULL REFERENCES reader (id),
    part_id VARCHAR NOT NULL, number INTEGER NOT NULL, image_id VARCHAR NOT NULL,
    UNIQUE (reader_id, part_id, number))""",
    """CREATE TABLE event (seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    case_id VARCHAR NOT NULL REFERENCES "case" (id), uuid VARCHAR NOT NULL, kind VARCHAR NOT NULL, data TEXT NOT NULL,
    client_time VARCHAR NOT NULL, active_ms INTEGER, server_time FLOAT NOT NULL, UNIQUE (case_id, uuid))""",
    """CREATE TABLE part_event (seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    reader_id VARCHAR NOT NULL REFERENCES reader (id), part_id VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL, text TEXT NOT NULL, server_time FLOAT NOT NULL)""",
    "CREATE INDEX part_event_reader ON part_event (reader_id, part_id)",
    """CREATE TABLE session (token_hash VARCHAR NOT NULL PRIMARY KEY, reader_id VARCHAR, csrf VARCHAR NOT NULL,
    created FLOAT NOT NULL, seen FLOAT NOT NULL)""",
)


def upgrade() -> None:
    """Make the tables, and the triggers that keep acts from being changed."""
    for table in TABLES:
        op.execute(table)
    for table in ("event", "part_event"):
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'acts are kept as they came'); END"
            )
