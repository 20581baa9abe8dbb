"""Bring tracks in, one module a source."""

from __future__ import annotations

from typing import Final

from catalog.importers.csv_file import CsvImporter
from catalog.importers.folder import FolderImporter

IMPORTERS: Final[dict[str, type[FolderImporter | CsvImporter]]] = {"folder": FolderImporter, "csv": CsvImporter}
