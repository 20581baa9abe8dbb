"""Let curators trust the catalog: imports, covers, tags, corrections, a log of changes, search; and keep playlists."""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.operations import BatchOperations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JOB_STATUSES_BEFORE: Final = "status IN ('queued', 'running', 'done', 'failed', 'cancelled')"
_JOB_STATUSES: Final = "status IN ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')"

_SEARCH_VECTOR: Final = "array_to_tsvector(array_remove(regexp_split_to_array(search_text, '\\s+'), ''))"
_AFFECT_COLUMNS: Final = ("valence", "arousal", "happy", "sad", "angry", "neutral", "uncertainty", "is_doubtful")
_WIDE_STD: Final = 0.5
_CLEAR_SIDE: Final = 0.25
_SIGNS: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]+")
_APOSTROPHES: Final = str.maketrans("", "", "'\u2019\u02bc")


def upgrade() -> None:
    _make_tables()
    with op.batch_alter_table("feedback", **_copied()) as batch:
        batch.add_column(sa.Column("listener_id", sa.String(36)))
        batch.create_index(op.f("ix_feedback_listener_id"), ["listener_id"])
        batch.create_foreign_key(
            op.f("fk_feedback_listener_id_listener"), "listener", ["listener_id"], ["id"], ondelete="CASCADE"
        )
    _alter_job(
        _JOB_STATUSES,
        lambda batch: batch.add_column(sa.Column("n_failed", sa.Integer(), server_default="0", nullable=False)),
    )
    _widen_track()
    _note_doubt()
    _split_search_texts()
    _make_search()


def downgrade() -> None:
    _drop_search()
    _narrow_track()
    with op.batch_alter_table("track_affect", **_copied()) as batch:
        batch.drop_index("ix_track_affect_is_doubtful")
        batch.drop_column("uncertainty")
        batch.drop_column("is_doubtful")
    op.execute("UPDATE job SET status = 'queued' WHERE status = 'paused'")
    _alter_job(_JOB_STATUSES_BEFORE, lambda batch: batch.drop_column("n_failed"))
    with op.batch_alter_table("feedback", **_copied()) as batch:
        batch.drop_constraint(op.f("fk_feedback_listener_id_listener"), type_="foreignkey")
        batch.drop_index(op.f("ix_feedback_listener_id"))
        batch.drop_column("listener_id")
    for table in (
        "track_tag",
        "track_feedback",
        "playlist_entry",
        "affect_correction",
        "playlist",
        "job_error",
        "change",
        "listener",
        "import_batch",
        "cover",
    ):
        op.drop_table(table)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _alter_job(statuses: str, alter: Callable[[BatchOperations], None]) -> None:
    with _ids_kept("job"), op.batch_alter_table("job", **_copied(sqlite_autoincrement=True)) as batch:
        batch.drop_constraint(op.f("ck_job_status"), type_="check")
        batch.create_check_constraint(op.f("ck_job_status"), statuses)
        alter(batch)


def _copied(**table_kwargs: object) -> dict[str, Any]:
    """Let SQLite copy the table, as its ALTER TABLE knows no constraints."""
    return {"recreate": "always", "table_kwargs": table_kwargs} if _is_sqlite() else {}


@contextmanager
def _ids_kept(table: str) -> Iterator[None]:
    """Keep the highest id ever given: a copied table knows only the highest one in use."""
    if not _is_sqlite():
        yield
        return
    bind = op.get_bind()
    highest = bind.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table})
    yield
    if highest is not None:
        bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
        bind.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :seq)"), {"table": table, "seq": highest}
        )


def _widen_track() -> None:
    with (
        _ids_kept("track"),
        op.batch_alter_table("track", **_copied(sqlite_autoincrement=True)) as batch,
    ):
        batch.add_column(sa.Column("album_artist", sa.Text()))
        batch.add_column(sa.Column("track_number", sa.Integer()))
        batch.add_column(sa.Column("musicbrainz_id", sa.Text()))
        batch.add_column(sa.Column("replaygain_db", sa.Double()))
        batch.add_column(sa.Column("import_id", sa.Integer()))
        batch.add_column(sa.Column("cover_hash", sa.String(64)))
        batch.create_index(op.f("ix_track_import_id"), ["import_id"])
        batch.create_index(op.f("ix_track_licence"), ["licence"])
        batch.create_index(op.f("ix_track_musicbrainz_id"), ["musicbrainz_id"])
        batch.create_foreign_key(
            op.f("fk_track_cover_hash_cover"), "cover", ["cover_hash"], ["hash"], ondelete="SET NULL"
        )
        batch.create_foreign_key(
            op.f("fk_track_import_id_import_batch"), "import_batch", ["import_id"], ["id"], ondelete="SET NULL"
        )


def _narrow_track() -> None:
    with (
        _ids_kept("track"),
        op.batch_alter_table("track", **_copied(sqlite_autoincrement=True)) as batch,
    ):
        batch.drop_constraint(op.f("fk_track_cover_hash_cover"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_track_import_id_import_batch"), type_="foreignkey")
        batch.drop_index(op.f("ix_track_import_id"))
        batch.drop_index(op.f("ix_track_licence"))
        batch.drop_index(op.f("ix_track_musicbrainz_id"))
        for column in ("album_artist", "track_number", "musicbrainz_id", "replaygain_db", "import_id", "cover_hash"):
            batch.drop_column(column)


def _note_doubt() -> None:
    """Add what follows from the affect, and fill it in; see `catalog.doubt` for what it means."""
    with op.batch_alter_table("track_affect", **_copied()) as batch:
        batch.add_column(sa.Column("uncertainty", sa.Double()))
        batch.add_column(sa.Column("is_doubtful", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.create_index("ix_track_affect_is_doubtful", ["is_doubtful", "track_id"])
    affect = sa.table("track_affect", sa.column("stds", sa.JSON()), *(sa.column(name) for name in _AFFECT_COLUMNS))
    valence_std, arousal_std = (affect.c.stds[axis].as_float() for axis in ("valence", "arousal"))
    bright = affect.c.happy + affect.c.neutral - affect.c.sad - affect.c.angry
    loud = affect.c.happy + affect.c.angry - affect.c.sad - affect.c.neutral
    total = affect.c.happy + affect.c.sad + affect.c.angry + affect.c.neutral
    opposed = [
        sa.and_(axis * side < 0, sa.func.abs(axis) > _CLEAR_SIDE, sa.func.abs(side) > _CLEAR_SIDE * total)
        for axis, side in ((affect.c.valence, bright), (affect.c.arousal, loud))
    ]
    is_wide = sa.func.coalesce(sa.or_(valence_std > _WIDE_STD, arousal_std > _WIDE_STD), sa.false())
    values = {"uncertainty": (valence_std + arousal_std) / 2, "is_doubtful": sa.or_(is_wide, *opposed)}
    op.get_bind().execute(sa.update(affect).values(values))


def _split_search_texts() -> None:
    """Write what is searched as words, as tracks are written from now on; see `catalog.sorting.split_words`."""
    bind = op.get_bind()
    last_id = 0
    while rows := bind.execute(
        sa.text("SELECT id, search_text FROM track WHERE id > :last_id ORDER BY id LIMIT 5000"), {"last_id": last_id}
    ).all():
        changes = [{"id": row.id, "words": _split(row.search_text)} for row in rows]
        bind.execute(sa.text("UPDATE track SET search_text = :words WHERE id = :id"), changes)
        last_id = rows[-1].id


def _split(search_text: str) -> str:
    lines = []
    for line in search_text.split("\n"):
        decomposed = unicodedata.normalize("NFKD", line.translate(_APOSTROPHES))
        plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
        lines.append(" ".join(word[:100] for word in _WORD.findall(plain)))
    return "\n".join(lines)


def _make_search() -> None:
    if not _is_sqlite():
        op.execute(f"CREATE INDEX ix_track_search ON track USING gin (({_SEARCH_VECTOR}))")
        return
    remove = "INSERT INTO track_search (track_search, rowid, search_text) VALUES ('delete', old.id, old.search_text); "
    add = "INSERT INTO track_search (rowid, search_text) VALUES (new.id, new.search_text); "
    op.execute(
        "CREATE VIRTUAL TABLE track_search USING fts5("
        "search_text, content='track', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(f"CREATE TRIGGER track_search_insert AFTER INSERT ON track BEGIN {add}END")
    op.execute(f"CREATE TRIGGER track_search_delete AFTER DELETE ON track BEGIN {remove}END")
    op.execute(
        "CREATE TRIGGER track_search_update AFTER UPDATE OF search_text ON track "
        f"WHEN old.search_text <> new.search_text BEGIN {remove}{add}END"
    )
    op.execute("INSERT INTO track_search (track_search) VALUES ('rebuild')")


def _drop_search() -> None:
    if not _is_sqlite():
        op.drop_index("ix_track_search", "track")
        return
    for event in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER track_search_{event}")
    op.execute("DROP TABLE track_search")


def _make_tables() -> None:
    op.create_table(
        "cover",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("mime", sa.String(length=32), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_cover")),
    )
    op.create_table(
        "import_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("importer", sa.String(length=32), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("n_created", sa.Integer(), nullable=False),
        sa.Column("n_updated", sa.Integer(), nullable=False),
        sa.Column("n_unchanged", sa.Integer(), nullable=False),
        sa.Column("n_skipped", sa.Integer(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rolled_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'done', 'failed', 'cancelled', 'rolled_back')", name=op.f("ck_import_batch_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_import_batch_started_at"), "import_batch", ["started_at"], unique=False)
    op.create_table(
        "listener",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voice_baseline", sa.JSON(), nullable=True),
        sa.Column("taste", sa.JSON(), nullable=True),
        sa.Column("mood_model", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listener")),
    )
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_batch.id"], name=op.f("fk_change_import_id_import_batch"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_change_action"), "change", ["action"], unique=False)
    op.create_index(op.f("ix_change_at"), "change", ["at"], unique=False)
    op.create_index(op.f("ix_change_group_id"), "change", ["group_id"], unique=False)
    op.create_index(op.f("ix_change_import_id"), "change", ["import_id"], unique=False)
    op.create_index("ix_change_track_id", "change", ["track_id", "id"], unique=False)
    op.create_table(
        "job_error",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=True),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_error_job_id_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_error")),
    )
    op.create_index(op.f("ix_job_error_job_id"), "job_error", ["job_id"], unique=False)
    op.create_table(
        "playlist",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listening_id", sa.String(length=36), nullable=True),
        sa.Column("listener_id", sa.String(length=36), nullable=True),
        sa.Column("posterior", sa.JSON(), nullable=False),
        sa.Column("intent", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["listener_id"], ["listener.id"], name=op.f("fk_playlist_listener_id_listener"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["listening_id"], ["listening.id"], name=op.f("fk_playlist_listening_id_listening"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playlist")),
    )
    op.create_index(op.f("ix_playlist_created_at"), "playlist", ["created_at"], unique=False)
    op.create_index(op.f("ix_playlist_listener_id"), "playlist", ["listener_id"], unique=False)
    op.create_index(op.f("ix_playlist_listening_id"), "playlist", ["listening_id"], unique=False)
    op.create_table(
        "affect_correction",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("valence", sa.Double(), nullable=False),
        sa.Column("arousal", sa.Double(), nullable=False),
        sa.Column("happy", sa.Double(), nullable=False),
        sa.Column("sad", sa.Double(), nullable=False),
        sa.Column("angry", sa.Double(), nullable=False),
        sa.Column("neutral", sa.Double(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "valence BETWEEN -1 AND 1 AND arousal BETWEEN -1 AND 1", name=op.f("ck_affect_correction_plane")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_affect_correction_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_affect_correction")),
    )
    op.create_table(
        "playlist_entry",
        sa.Column("playlist_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["playlist_id"], ["playlist.id"], name=op.f("fk_playlist_entry_playlist_id_playlist"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("playlist_id", "position", name=op.f("pk_playlist_entry")),
    )
    op.create_index(op.f("ix_playlist_entry_track_id"), "playlist_entry", ["track_id"], unique=False)
    op.create_table(
        "track_feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("playlist_id", sa.String(length=36), nullable=True),
        sa.Column("listener_id", sa.String(length=36), nullable=True),
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.CheckConstraint(
            "kind IN ('like', 'skip', 'never', 'finished', 'undo')", name=op.f("ck_track_feedback_kind")
        ),
        sa.ForeignKeyConstraint(
            ["listener_id"], ["listener.id"], name=op.f("fk_track_feedback_listener_id_listener"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["playlist_id"], ["playlist.id"], name=op.f("fk_track_feedback_playlist_id_playlist"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track_feedback")),
    )
    op.create_index(op.f("ix_track_feedback_listener_id"), "track_feedback", ["listener_id"], unique=False)
    op.create_index(op.f("ix_track_feedback_playlist_id"), "track_feedback", ["playlist_id"], unique=False)
    op.create_index(op.f("ix_track_feedback_track_id"), "track_feedback", ["track_id"], unique=False)
    op.create_table(
        "track_tag",
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('mood', 'genre', 'instrument', 'activity', 'other')", name=op.f("ck_track_tag_kind")
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["track.id"], name=op.f("fk_track_tag_track_id_track"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "kind", "name", name=op.f("pk_track_tag")),
    )
    op.create_index("ix_track_tag_kind_name", "track_tag", ["kind", "name"], unique=False)
