"""The tables of a study's database. What is true about an image is in none of them (see ``create.py``)."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

study = Table("study", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

reader = Table(
    "reader",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("link", String, nullable=False, unique=True),
    Column("password_hash", String, nullable=False),
)

case = Table(
    "case",
    metadata,
    Column("id", String, primary_key=True),
    Column("reader_id", String, ForeignKey("reader.id"), nullable=False),
    Column("part_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("image_id", String, nullable=False),
    UniqueConstraint("reader_id", "part_id", "number"),
)

# One row an act of a reader, in the order of arrival; never changed, never deleted (triggers hold that).
event = Table(
    "event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String, ForeignKey("case.id"), nullable=False),
    Column("uuid", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("data", Text, nullable=False),
    Column("client_time", String, nullable=False),
    Column("active_ms", Integer, nullable=True),
    Column("server_time", Float, nullable=False),
    UniqueConstraint("case_id", "uuid"),
    sqlite_autoincrement=True,
)

# Locking, reopening, the remark on a series: append-only too. ``by`` is a reader's id or "operator".
part_event = Table(
    "part_event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("reader_id", String, ForeignKey("reader.id"), nullable=False),
    Column("part_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("by", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("server_time", Float, nullable=False),
    Index("part_event_reader", "reader_id", "part_id"),
    sqlite_autoincrement=True,
)

# reader_id is null for the operator.
session = Table(
    "session",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("reader_id", String, nullable=True),
    Column("csrf", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("seen", Float, nullable=False),
)
