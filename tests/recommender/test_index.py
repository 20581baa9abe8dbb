from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import index as index_module
from recommender.errors import IndexMismatchError, IndexUnreadableError
from recommender.index import TrackIndex


def unit_vectors(n, dimension=8, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((n, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def build_index(n=50, **more):
    return TrackIndex.build(np.arange(n) * 7 + 3, unit_vectors(n), model="m-1", revision=4, **more)


def test_an_index_knows_what_it_was_built_from():
    index = build_index(built_at=datetime(2025, 5, 1, tzinfo=UTC))

    metadata = index.metadata
    assert (metadata.model, metadata.revision, metadata.n_tracks, metadata.dimension) == ("m-1", 4, 50, 8)
    assert metadata.built_at == "2025-05-01T00:00:00+00:00"
    assert len(index) == 50


@given(st.integers(1, 60), st.integers(1, 80), st.sets(st.integers(0, 59)), st.sets(st.integers(0, 59)) | st.none())
@settings(max_examples=60)
def test_search_agrees_with_sorting_every_track(n, k, excluded, allowed):
    vectors, query = unit_vectors(n), unit_vectors(1, seed=9)[0]
    index = TrackIndex.build(np.arange(n), vectors, model="m-1", revision=1)

    ids, similarities = index.search(
        query, k, allowed_ids=None if allowed is None else np.array(sorted(allowed), int), excluded_ids=excluded
    )

    left = [i for i in range(n) if i not in excluded and (allowed is None or i in allowed)]
    expected = sorted(left, key=lambda i: -float(vectors[i] @ query))[:k]
    assert ids.tolist() == expected
    assert similarities == pytest.approx(vectors[expected] @ query, abs=1e-5)


def test_equal_tracks_come_in_the_order_of_their_ids():
    vectors = np.repeat(unit_vectors(1), 5, axis=0)

    ids, _ = TrackIndex.build([9, 2, 7, 1, 5], vectors, model="m-1", revision=1).search(vectors[0], 5)

    assert ids.tolist() == [1, 2, 5, 7, 9]


def test_an_empty_index_finds_nothing_and_survives_saving(tmp_path):
    index = TrackIndex.build([], np.empty((0, 8)), model="m-1", revision=1)
    index.save(tmp_path / "tracks.index")

    ids, similarities = TrackIndex.load(tmp_path / "tracks.index").search(np.ones(8), 3)

    assert (len(ids), len(similarities)) == (0, 0)


@pytest.mark.parametrize("query", [np.ones(7), np.full(8, np.nan), np.ones((1, 8))])
def test_a_query_of_another_kind_is_refused(query):
    with pytest.raises(ValueError, match=r"query must be finite, of shape \(8,\)"):
        build_index().search(query, 3)


def test_searching_for_no_track_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        build_index().search(np.ones(8), 0)


@pytest.mark.parametrize(
    ("ids", "vectors", "complaint"),
    [
        ([1, 2], unit_vectors(3), "n ids"),
        ([1], unit_vectors(3)[0], "n ids"),
        ([1, 1], unit_vectors(2), "distinct, got 1 repeated"),
        ([-1, 1], unit_vectors(2), "not be negative, got -1"),
        ([1, 2], unit_vectors(2) * 2, "unit vectors, track 1 has none"),
        ([4], np.full((1, 8), np.nan), "unit vectors, track 4 has none"),
    ],
)
def test_what_is_no_catalog_is_not_indexed(ids, vectors, complaint):
    with pytest.raises(ValueError, match=complaint):
        TrackIndex.build(ids, vectors, model="m-1", revision=1)


def test_embeddings_come_back_in_the_order_asked_for():
    index = build_index()

    assert index.get_embeddings([10, 3]) == pytest.approx(unit_vectors(50)[[1, 0]])
    assert index.get_embeddings([]).shape == (0, 8)


def test_asking_for_the_embedding_of_an_unknown_track_names_it():
    with pytest.raises(KeyError, match=r"no such tracks in the index: \[4\]"):
        build_index().get_embeddings([3, 4])


def test_adding_and_removing_make_another_index_and_leave_the_first(tmp_path):
    build_index().save(tmp_path / "tracks.index")
    index = TrackIndex.load(tmp_path / "tracks.index")

    more = index.with_tracks([3, 1000], unit_vectors(2, seed=5), revision=5)
    less = more.without_tracks({10, 77_777}, revision=6)

    assert (len(index), len(more), len(less)) == (50, 51, 50)
    assert (index.metadata.revision, more.metadata.revision, less.metadata.revision) == (4, 5, 6)
    assert more.get_embeddings([3, 1000]) == pytest.approx(unit_vectors(2, seed=5))
    assert index.get_embeddings([3]) == pytest.approx(unit_vectors(50)[:1])
    assert 10 not in less.track_ids


def test_adding_embeddings_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match=r"shape \(n, 8\), got \(1, 4\)"):
        build_index().with_tracks([1], unit_vectors(1, 4), revision=2)


def test_a_saved_index_answers_as_the_one_in_memory(tmp_path):
    index, query = build_index(), unit_vectors(1, seed=3)[0]
    index.save(tmp_path / "new folder" / "tracks.index")

    loaded = TrackIndex.load(tmp_path / "new folder" / "tracks.index", model="m-1")

    assert loaded.metadata == index.metadata
    assert loaded.search(query, 10)[0].tolist() == index.search(query, 10)[0].tolist()
    assert [file.name for file in (tmp_path / "new folder").iterdir()] == ["tracks.index"]


def test_an_index_of_another_model_is_refused(tmp_path):
    build_index().save(tmp_path / "tracks.index")

    with pytest.raises(
        IndexMismatchError, match=r"expected a track index built with embedding model 'm-2', got .* 'm-1'"
    ):
        TrackIndex.load(tmp_path / "tracks.index", model="m-2")


def test_readers_of_a_replaced_file_are_not_disturbed(tmp_path):
    build_index().save(tmp_path / "tracks.index")
    old, query = TrackIndex.load(tmp_path / "tracks.index"), unit_vectors(1, seed=3)[0]
    before = old.search(query, 10)[0].tolist()

    build_index(20).save(tmp_path / "tracks.index")

    assert old.search(query, 10)[0].tolist() == before
    assert len(TrackIndex.load(tmp_path / "tracks.index")) == 20


def test_a_crash_while_saving_leaves_the_old_index_and_no_litter(tmp_path, monkeypatch):
    build_index().save(tmp_path / "tracks.index")

    def crash(*_arguments):
        raise OSError("disk full")

    monkeypatch.setattr(index_module, "complete_file", crash)
    with pytest.raises(OSError, match="disk full"):
        build_index(20).save(tmp_path / "tracks.index")

    assert len(TrackIndex.load(tmp_path / "tracks.index")) == 50
    assert [file.name for file in tmp_path.iterdir()] == ["tracks.index"]


def test_a_missing_index_is_named(tmp_path):
    with pytest.raises(IndexUnreadableError, match=r"tracks\.index': No such file or directory; rebuild it"):
        TrackIndex.load(tmp_path / "tracks.index")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"x" * 5000])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "tracks.index").write_bytes(content)

    with pytest.raises(IndexUnreadableError, match="bytes of something else") as raised:
        TrackIndex.load(tmp_path / "tracks.index")
    assert raised.value.path == tmp_path / "tracks.index"


@pytest.fixture(scope="module")
def saved_index(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "tracks.index"
    build_index(5).save(path)
    return path, path.read_bytes()


@given(st.data())
@settings(max_examples=60)
def test_no_cut_and_no_flipped_bit_goes_unnoticed(saved_index, data):
    path, content = saved_index[0], bytearray(saved_index[1])
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        # The metadata guards the data, and JSON guards itself but for its values; those are no danger to faiss.
        n_data = len(content) - 16 - int.from_bytes(content[-16:-8], "little")
        content[data.draw(st.integers(0, n_data - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)

    with pytest.raises(IndexUnreadableError, match="cannot read the track index"):
        TrackIndex.load(path)


def rewrite_footer(path, change):
    content = path.read_bytes()
    start = len(content) - 16 - int.from_bytes(content[-16:-8], "little")
    footer = change(json.loads(content[start:-16]))
    text = footer if isinstance(footer, bytes) else json.dumps(footer).encode()
    path.write_bytes(content[:start] + text + len(text).to_bytes(8, "little") + b"EMTIDX02")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda footer: footer | {"format": 9}, "expected format 2, got 9"),
        (lambda footer: footer | {"metadata": {"model": "m-1"}}, "lacks or misnames a field"),
        (lambda _footer: {"format": 2}, "lacks or misnames a field: 'metadata'"),
        (lambda _footer: [1], "as a JSON object, got list"),
        (lambda footer: footer | {"names": {}}, "it lacks the names of 'genre'"),
        (lambda footer: footer | {"columns": {}}, "it lacks the column"),
        (lambda _footer: b"{", "is no JSON"),
        (
            lambda footer: footer | {"metadata": footer["metadata"] | {"n_tracks": 6}},
            r"expected \(tracks, dimensions\) \(6, 8\), got \(5, 8\)",
        ),
    ],
)
def test_metadata_of_another_kind_is_refused(tmp_path, change, complaint):
    path = tmp_path / "tracks.index"
    build_index(5).save(path)
    rewrite_footer(path, change)

    with pytest.raises(IndexUnreadableError, match=complaint):
        TrackIndex.load(path)


def test_what_faiss_cannot_read_is_refused_even_with_the_right_checksum(tmp_path, monkeypatch):
    path = tmp_path / "tracks.index"
    monkeypatch.setattr(index_module.faiss, "write_index", lambda _store, name: Path(name).write_bytes(b"no index" * 9))
    build_index(5).save(path)

    with pytest.raises(IndexUnreadableError, match="faiss cannot read it"):
        TrackIndex.load(path)


def test_a_file_swapped_while_it_is_opened_is_opened_once_more(tmp_path, monkeypatch):
    path = tmp_path / "tracks.index"
    build_index(50).save(path)
    read = index_module.faiss.read_index

    def read_and_be_overtaken(*arguments):
        monkeypatch.setattr(index_module.faiss, "read_index", read)
        build_index(20).save(path)
        return read(*arguments)

    monkeypatch.setattr(index_module.faiss, "read_index", read_and_be_overtaken)
    index = TrackIndex.load(path)

    assert (len(index), len(index.search(np.ones(8), 60)[0])) == (20, 20)
