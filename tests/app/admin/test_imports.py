from __future__ import annotations

import io

import pytest

from app.factory import create_app
from app.jobs.running import run_job
from catalog.filters import TrackFilter
from catalog.models import ImportBatch, ImportStatus
from tests.app.admin.admin_services import EMAIL, PASSWORD, close, make_admin_services
from tests.factories import write_music

CSV = "Song Name,Artist,Link,Length\nMoss,Elder,https://example.org/moss.mp3,215000\nAsh,Zephyr,,1\n"


@pytest.fixture
def confined(tmp_path, migrated):
    """A client of a server whose imports may read one folder, and that folder."""
    data_dir, root = tmp_path / "data", tmp_path / "music"
    data_dir.mkdir()
    root.mkdir()
    services = make_admin_services(data_dir, migrated, roots=(root,))
    app = create_app(services)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.post("/admin/login", data={"email": EMAIL, "password": PASSWORD})
    yield client, root
    close(services)


@pytest.fixture
def listed(tmp_path):
    """A list with a length whose unit nobody knows."""
    path = tmp_path / "list.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def import_folder(client, services, folder):
    """Import as a worker would; return the import's id."""
    client.post("/admin/import", data={"path": str(folder)})
    job = services.jobs.list_jobs(limit=1)[0]
    run_job(job.job_id, services.jobs, services.library, services.bulk_runs)
    return services.curation.list_imports(limit=1)[0].import_id


def test_a_source_leads_to_what_it_would_change_and_that_to_a_job(client, services, tmp_path):
    write_music(tmp_path / "music" / "moss.wav", title="Moss")

    chosen = client.post("/admin/import/source", data={"path": f" {tmp_path / 'music'} "})
    preview = client.get(chosen.location).text
    nothing_yet = services.curation.list_tracks().n_total
    answer = client.post("/admin/import", data={"kind": "folder", "path": str(tmp_path / "music")})

    job = services.jobs.get_job(1)
    assert "kind=folder" in chosen.location
    assert "<dd>1</dd><dt>new</dt>" in preview
    assert "Moss" in preview
    assert nothing_yet == 0
    assert answer.location == "/admin/jobs/1"
    assert (job.kind, job.arguments["importer"], job.arguments["who"]) == ("import", "folder", EMAIL)


@pytest.mark.parametrize(
    ("kind", "path", "problem"),
    [
        ("folder", "", "Expected the path of a folder or of a list on this server, got nothing."),
        ("folder", "Music", "Expected a whole path such as /home/me/Music, got &#39;Music&#39;."),
        (
            "",
            "/no/such/folder",
            "Expected a folder or a list at &#39;/no/such/folder&#39; on this server, found nothing.",
        ),
        ("csv", "/", "Expected a file at &#39;/&#39; on this server, found a folder."),
        ("folder", "/a\0b", "is no path"),
        ("zip", "/", "Expected one of folder, csv, jsonl"),
    ],
)
@pytest.mark.parametrize("address", ["/admin/import", "/admin/import/source"])
def test_what_cannot_be_imported_is_refused_in_words(client, services, address, kind, path, problem):  # noqa: PLR0913, PLR0917 - a table
    answer = client.post(address, data={"kind": kind, "path": path})

    assert answer.status_code == 422
    assert problem in answer.text
    assert services.jobs.list_jobs() == []


@pytest.mark.parametrize("path", ["{root}/../data", "/etc", "{root}/way-out"])
def test_a_folder_outside_the_allowed_ones_is_refused_and_not_looked_into(confined, path):
    client, root = confined
    (root / "way-out").symlink_to("/etc")
    place = path.format(root=root)

    answers = [
        client.post("/admin/import", data={"path": place}),
        client.get("/admin/import/preview", query_string={"path": place}),
    ]
    folders = client.get("/admin/import/folders", query_string={"path": place}).text

    assert [answer.status_code for answer in answers] == [422, 422]
    assert all(f"Expected a path in {root}" in html for html in (*(answer.text for answer in answers), folders))


def test_folders_are_looked_through_within_the_allowed_ones(confined):
    client, root = confined
    (root / "folk" / "deep").mkdir(parents=True)

    top = client.get("/admin/import/folders").text
    inside = client.get("/admin/import/folders", query_string={"path": str(root / "folk")}).text

    assert f'data-folder="{root}/folk"' in top
    assert "the folder above" not in top
    assert f'data-folder="{root}/folk/deep"' in inside
    assert f'data-folder="{root}"' in inside


def test_the_form_names_the_allowed_folders(confined):
    client, root = confined

    assert f"<code>{root}</code>" in client.get("/admin/import").text


def test_an_uploaded_list_is_previewed_even_where_imports_are_confined(confined):
    client, _root = confined

    data = {"upload": (io.BytesIO(CSV.replace("Length", "duration_ms").encode()), "../my list.csv")}
    chosen = client.post("/admin/import/source", data=data)
    html = client.get(chosen.location).text

    assert "my+list.csv" in chosen.location or "my%20list.csv" in chosen.location
    assert ".." not in chosen.location
    assert "<dd>1</dd><dt>new</dt>" in html
    assert "<dd>1</dd><dt>skipped</dt>" in html


@pytest.mark.parametrize(
    ("name", "content", "problem"), [("x.exe", b"MZ", "Expected a file of .csv"), ("x.csv", b"", "the empty file")]
)
def test_an_upload_that_is_no_list_is_refused(client, name, content, problem):
    answer = client.post("/admin/import/source", data={"upload": (io.BytesIO(content), name)})

    assert answer.status_code == 422
    assert problem in answer.text


def test_a_length_without_a_unit_is_asked_for_at_its_column(client, listed):
    html = client.get("/admin/import/preview", query_string={"kind": "csv", "path": str(listed)}).text

    assert "Say the unit of 1 column" in html
    assert "215000" in html
    assert ">Import</button>" not in html


def test_columns_are_read_as_the_form_says(client, services, listed):
    columns = {
        "column": ["Song Name", "Artist", "Link", "Length"],
        "field": ["title", "", "url", "duration_s"],
        "unit": ["", "", "", "ms"],
    }

    html = client.get("/admin/import/preview", query_string={"kind": "csv", "path": str(listed), **columns}).text
    client.post("/admin/import", data={"kind": "csv", "path": str(listed), **columns})
    run_job(1, services.jobs, services.library, services.bulk_runs)

    track = services.curation.list_tracks().tracks[0]
    assert "<dd>1</dd><dt>new</dt>" in html
    assert (track.title, track.artist, track.duration_s) == ("Moss", "", 215.0)


def test_a_map_that_does_not_fit_still_shows_the_columns(client, listed):
    query = {"kind": "csv", "path": str(listed), "map": "title=Nowhere"}

    answer = client.get("/admin/import/preview", query_string=query)

    assert answer.status_code == 422
    assert "expected a column among" in answer.text
    assert "Song Name" in answer.text


def test_an_import_reports_what_it_did_and_rolls_back_as_a_whole(client, services, tmp_path):
    write_music(tmp_path / "music" / "moss.wav", title="Moss")
    (tmp_path / "music" / "=cmd.mp3").touch()
    import_id = import_folder(client, services, tmp_path / "music")

    history = client.get("/admin/imports").text
    report = client.get(f"/admin/imports/{import_id}").text
    rows = client.get(f"/admin/imports/{import_id}/skipped.csv").text.splitlines()
    job_rows = client.get("/admin/jobs/1/errors.csv").text.splitlines()
    rolled_back = client.post(f"/admin/imports/{import_id}/rollback").text
    again = client.post(f"/admin/imports/{import_id}/rollback")

    assert "1 new, 0 changed, 1 skipped" in history
    assert f'href="/admin/tracks?import={import_id}"' in report
    assert rows == job_rows == ["where,reason", f"{tmp_path / 'music' / '=cmd.mp3'},the file is empty"]
    assert "<dd>1</dd><dt>gone again</dt>" in rolled_back
    assert services.curation.list_tracks().n_total == 0
    assert again.status_code == 409
    assert "was not rolled back" in again.text


def test_a_rollback_can_be_undone(client, services, tmp_path):
    write_music(tmp_path / "music" / "moss.wav", title="Moss")
    import_id = import_folder(client, services, tmp_path / "music")
    client.post(f"/admin/imports/{import_id}/rollback")
    group_id = services.curation.list_changes(limit=1).changes[0].group_id

    client.post("/admin/undo", data={"group_id": group_id})

    assert services.curation.list_tracks().n_total == 1
    assert services.curation.get_import(import_id).status == "done"


def test_an_import_that_runs_offers_no_rollback(client, services):
    with services.sessions.begin() as session:
        batch = ImportBatch(importer="folder", source="/music", status=ImportStatus.RUNNING)
        session.add(batch)
        session.flush()
        address = f"/admin/imports/{batch.id}"

    assert "Roll this import back" not in client.get(address).text
    assert client.post(f"{address}/rollback").status_code == 409
    assert client.get("/admin/imports/99").status_code == 404


def test_places_imported_before_are_offered_once(client, services, tmp_path):
    write_music(tmp_path / "music" / "moss.wav", title="Moss")
    for _ in range(2):
        import_folder(client, services, tmp_path / "music")

    assert client.get("/admin/import").text.count(f"Import again: {tmp_path / 'music'}") == 1


def test_a_deleted_track_is_named_in_the_preview_and_comes_back_on_demand(client, services, tmp_path):
    music = tmp_path / "music"
    for name in ("moss", "ash"):
        write_music(music / f"{name}.flac", title=name)
    services.library.import_source("folder", music)
    services.curation.delete(services.curation.list_track_ids(TrackFilter())[:1], who="ann")

    preview = client.get("/admin/import/preview", query_string={"kind": "folder", "path": str(music)}).text
    client.post("/admin/import", data={"kind": "folder", "path": str(music), "bring_back": "yes"})
    run_job(1, services.jobs, services.library, services.bulk_runs)

    assert "Deleted by ann on" in preview
    assert 'name="bring_back"' in preview
    assert services.curation.list_tracks().n_total == 2
