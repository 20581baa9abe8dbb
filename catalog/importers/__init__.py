"""Bring tracks in, one module a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.importers.csv_file import CsvImporter
from catalog.importers.folder import FolderImporter
from catalog.importers.freemusi import FreemusiImporter
from catalog.importers.incompetech import IncompetechImporter
from catalog.importers.jsonl_file import JsonlImporter
from catalog.importers.jspf import JspfImporter
from catalog.importers.m3u import M3uImporter
from catalog.importers.mtg_jamendo import MtgJamendoImporter
from catalog.importers.xspf import XspfImporter

if TYPE_CHECKING:
    from catalog.importers.listing import ListImporter

IMPORTERS: Final[dict[str, type[FolderImporter | ListImporter]]] = {
    importer.name: importer
    for importer in (
        FolderImporter,
        CsvImporter,
        JsonlImporter,
        M3uImporter,
        XspfImporter,
        JspfImporter,
        MtgJamendoImporter,
        IncompetechImporter,
        FreemusiImporter,
    )
}
