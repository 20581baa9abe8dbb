"""Say what is installed, which model, database and index serve, what is wrong and how to mend it."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys

import click

LIGHT = ("av", "faiss-cpu", "flask", "numpy", "onnxruntime", "sqlalchemy")
TRAIN = ("librosa", "scikit-learn", "torch", "torchaudio", "transformers")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(*, as_json: bool) -> None:
    """Say what is installed, what is wrong and how to mend it; exit code 1 if something is wrong."""
    from app.bootstrap import build_services
    from app.settings import Settings

    settings = Settings.from_env()
    services = build_services(settings)
    packages = {name: _version(name) for name in (*LIGHT, *TRAIN)}
    checks = services.readiness()
    if as_json:
        rows = [{"name": c.name, "ok": c.ok, "message": c.message} for c in checks]
        click.echo(json.dumps({"python": platform.python_version(), "packages": packages, "checks": rows}))
    else:
        click.echo(f"python {platform.python_version()}, data in {settings.data_dir}")
        for name, version in packages.items():
            hint = "needed to train alone: pip install 'emotitune[train]'" if name in TRAIN else "missing"
            click.echo(f"  {name} {version or f'- ({hint})'}")
        for check in checks:
            click.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.message}")
    sys.exit(int(not all(check.ok for check in checks)))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
