from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def build():
    """The hook as hatchling loads it: by its path."""
    spec = importlib.util.spec_from_file_location("build_assets", ROOT / "app/web/build_assets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "app/web/src", tmp_path / "app/web/src")
    return tmp_path


def write_outputs(build, project):
    dist = project / "app/web/static/dist"
    dist.mkdir(parents=True)
    for name in ("app.js", "app.css", "admin.js", "admin.css"):
        (dist / name).write_text("built")
    (dist / build.STAMP).write_text(build._hash_sources(project))


def test_what_is_built_from_these_sources_is_not_built_again(build, project):
    write_outputs(build, project)

    assert build.build_assets(project) is False


def test_a_changed_source_is_noticed_whatever_its_time(build, project):
    write_outputs(build, project)
    before = build._hash_sources(project)

    (project / "app/web/src/app.ts").write_text("// changed")

    assert build._hash_sources(project) != before


def test_a_machine_without_node_gets_it_for_the_build_alone(build, monkeypatch):
    monkeypatch.setenv("PATH", "")

    assert build._find_npm_on_path() is None


def write_check(folder, exit_code):
    script = f"node -e 'process.exit({exit_code})'"
    (folder / "package.json").write_text(json.dumps({"scripts": {"check": script}}))


def test_node_from_its_wheel_runs_what_npm_starts(build, tmp_path, monkeypatch):
    write_check(tmp_path, 0)
    (tmp_path / "sh").symlink_to(shutil.which("sh"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build._find_npm_on_path() is None

    build._run([*build._find_npm(), "run", "--silent", "check"], tmp_path)


def test_a_command_that_fails_is_an_error_that_names_the_task(build, tmp_path):
    write_check(tmp_path, 2)

    with pytest.raises(build.AssetsError, match=r"cannot check the scripts: .* failed"):
        build._run([*build._find_npm(), "run", "--silent", "check"], tmp_path, task="check the scripts")


def test_missing_node_is_told_with_its_remedy(build, project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(build.AssetsError, match="install Node 20 or later"):
        build.build_assets(project)


def test_the_lock_file_names_no_registry():
    lock = json.loads((ROOT / "package-lock.json").read_text())

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_every_front_end_package_is_pinned():
    package = json.loads((ROOT / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}

    assert all(version[0].isdigit() for version in versions.values())
