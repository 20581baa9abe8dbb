from __future__ import annotations

import pytest

from app.factory import create_app
from tests.app.admin.admin_services import EMAIL, PASSWORD, close, make_admin_services


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


def test_a_folder_becomes_a_job(client, services, tmp_path):
    answer = client.post("/admin/import", data={"kind": "folder", "path": f" {tmp_path} "})

    job = services.jobs.get_job(1)
    assert answer.location == "/admin/jobs/1"
    assert (job.kind, job.arguments) == ("import_folder", {"path": str(tmp_path)})


def test_a_list_becomes_a_job(client, services, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("title,url\nMoss,https://example.org/moss.mp3\n")

    client.post("/admin/import", data={"kind": "csv", "path": str(path)})

    assert services.jobs.get_job(1).kind == "import_csv"


@pytest.mark.parametrize(
    ("kind", "path", "problem"),
    [
        ("folder", "", "Expected the path of a folder on this server, got nothing."),
        ("folder", "Music", "Expected a whole path such as /home/me/Music, got &#39;Music&#39;."),
        ("folder", "/no/such/folder", "Expected a folder at &#39;/no/such/folder&#39; on this server, found nothing."),
        ("csv", "/", "Expected a CSV file at &#39;/&#39; on this server, found something else."),
        ("folder", "/a\0b", "is no path"),
        ("zip", "/", "Expected one of folder, csv, got &#39;zip&#39;."),
    ],
)
def test_what_cannot_be_imported_is_refused_in_words(client, services, kind, path, problem):
    answer = client.post("/admin/import", data={"kind": kind, "path": path})

    assert answer.status_code == 422
    assert problem in answer.text
    assert services.jobs.list_jobs() == []


@pytest.mark.parametrize("path", ["{root}/../data", "/etc", "{root}/way-out"])
def test_a_folder_outside_the_allowed_ones_is_refused(confined, path):
    client, root = confined
    (root / "way-out").symlink_to("/etc")

    answer = client.post("/admin/import", data={"kind": "folder", "path": path.format(root=root)})

    assert answer.status_code == 422
    assert f"Expected a path in {root}" in answer.text


def test_the_form_names_the_allowed_folders(confined):
    client, root = confined

    assert f"<code>{root}</code>" in client.get("/admin/import").text


def test_places_imported_before_are_offered_once(client, services, tmp_path):
    for _ in range(2):
        client.post("/admin/import", data={"kind": "folder", "path": str(tmp_path)})
        services.jobs.start(services.jobs.list_jobs()[0].job_id)

    assert client.get("/admin/import").text.count(f"Import {tmp_path} again") == 1
