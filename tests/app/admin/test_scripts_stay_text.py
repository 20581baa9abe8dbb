"""Whatever a tag, a file or a person writes, every page shows it as text."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from app.services.job_facts import JobErrorFacts
from app.services.jobs import JobKind
from catalog.edit_values import TrackEdit
from catalog.models import ImportBatch, ImportStatus, TrackStatus
from tests.factories import add_analyzed_track, add_track

SCRIPT = "<script>alert('x')</script>"
BREAKOUT = "\"'><img src=x onerror=alert(1)>"
EVIL = f"{SCRIPT}{BREAKOUT}"
_HOLES = re.compile(r"<\s*(script>|img src=x)|=[\"'][^\"']*[\"']\s*onerror", re.IGNORECASE)


@pytest.fixture
def evil(services, tmp_path):
    """A catalog in which every word is a script; returns the list that was uploaded, too."""
    with services.sessions.begin() as session:
        batch = ImportBatch(importer="csv", source=f"/music/{EVIL}", status=ImportStatus.DONE, who=EVIL, n_skipped=1)
        batch.report = {"skipped": [{"where": EVIL, "reason": EVIL}], "problem": EVIL}
        session.add(batch)
        session.flush()
        words = {"artist": EVIL, "album": EVIL, "genre": EVIL, "licence": EVIL, "attribution": EVIL}
        for i in range(2):
            add_analyzed_track(
                session, EVIL, path=f"/music/{i}{EVIL}.mp3", duration_s=60.0, import_id=batch.id, **words
            )
        add_track(session, EVIL, artist=EVIL, status=TrackStatus.FAILED, failure_reason=EVIL, url=f"https://x/{EVIL}")
        add_track(session, "gone", artist=EVIL)
    services.curation.edit([1, 2], TrackEdit({"album": f"b {EVIL}"}, add_tags=(("mood", EVIL),)), who=EVIL)
    services.curation.delete([4], who=EVIL)
    job = services.jobs.submit(JobKind.IMPORT, {"importer": "csv", "path": f"/music/{EVIL}", "who": EVIL})
    services.jobs.start(job.job_id)
    services.jobs.add_errors(job.job_id, [JobErrorFacts(EVIL, EVIL, 3)])
    services.jobs.fail(job.job_id, EVIL)
    path = tmp_path / "list.csv"
    path.write_text(f'"title","url","{EVIL.replace(chr(34), chr(34) * 2)}"\n{EVIL.replace(",", "")!r},https://x/a,1\n')
    return path


@pytest.mark.parametrize(
    "address",
    [
        "tracks",
        "tracks?q={evil}&genre={evil}&tag={evil}&source={evil}&licence={evil}",
        "tracks?status=failed",
        "tracks/1?back={evil}",
        "tracks/edit?track_id=1",
        "tracks/edit?all=1&filter=q={evil}",
        "tracks/edit?track_id=1&genre={evil}&add_tags={evil}",
        "tracks/delete?track_id=1&back={evil}",
        "duplicates",
        "import?path={evil}",
        "import/folders?path={evil}",
        "import/preview?path={evil}&kind={evil}",
        "import/preview?kind=csv&path={list}",
        "import/preview?kind=csv&path={list}&map={evil}",
        "imports",
        "imports/1",
        "jobs",
        "jobs/1",
        "changes",
        "changes?who={evil}&group={evil}",
        "index",
        "map",
        "nowhere/{evil}",
        "tracks/export/{evil}",
        "login?next={evil}",
    ],
)
def test_what_looks_like_a_script_stays_text(client, evil, address):
    html = client.get("/admin/" + address.format(evil=quote(EVIL), list=quote(str(evil)))).text

    assert not _HOLES.search(html), _HOLES.search(html)


def test_forms_that_come_back_show_what_was_typed_as_text(client, evil):
    answers = [
        client.post("/admin/import/source", data={"path": EVIL, "kind": EVIL}),
        client.post("/admin/import", data={"path": str(evil), "kind": EVIL, "map": EVIL}),
        client.post("/admin/tracks/edit", data={"track_id": 1, "year": EVIL, "genre": EVIL, "back": EVIL}),
        client.post("/admin/people", data={"email": EVIL, "password": EVIL, "role": EVIL}),
        client.post("/admin/undo", data={"group_id": EVIL}),
        client.post("/admin/imports/1/rollback"),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 404, 200]
    assert not any(_HOLES.search(answer.text) for answer in answers)


@pytest.mark.usefixtures("evil")
@pytest.mark.parametrize("address", ["tracks", "tracks?status=failed", "changes", "jobs/1", "imports/1", "duplicates"])
def test_the_words_are_shown_all_the_same(client, address):
    assert "&lt;script&gt;" in client.get(f"/admin/{address}").text
