"""Cover pictures made small: whatever a file holds, what is kept is a JPEG of at most 256 pixels."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from PIL import Image

from catalog.importers.importer import CoverImage
from catalog.importers.rare_tags import MAX_PICTURE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

MAX_SIDE_PX: Final = 256
# A scan of a record at 600 dpi has 52 million; decoding more takes seconds and hundreds of megabytes.
MAX_PIXELS: Final = 60_000_000
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_NAMES: Final = tuple(
    f"{stem}{suffix}" for stem in ("cover", "folder", "front") for suffix in (".jpg", ".jpeg", ".png", ".webp")
)
_JPEG_QUALITY: Final = 82
_WHITE: Final = (255, 255, 255)


class CoverRefusedError(ValueError):
    """A picture cannot become a cover; the message says why."""


def make_cover(picture: bytes) -> CoverImage:
    """Make a picture small.

    Raises:
        CoverRefusedError: it is too large, or no picture.
    """
    if len(picture) > MAX_PICTURE_BYTES:
        raise CoverRefusedError(f"expected at most {MAX_PICTURE_BYTES} bytes, got {len(picture)}")
    return _make_cover(picture)


def find_folder_picture(folder: Path) -> bytes | None:
    """Return the picture that lies in a folder for all its music, None where there is none.

    Raises:
        CoverRefusedError: it is too large.
        OSError: it cannot be read.
    """
    return _read_folder_picture(folder, folder.stat().st_mtime_ns)


# The tracks of a record share their picture: one is enough to decode.
@lru_cache(maxsize=16)
def _make_cover(picture: bytes) -> CoverImage:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(picture), formats=_FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise CoverRefusedError(
                        f"expected at most {MAX_PIXELS} pixels, got {image.width} x {image.height}",
                    )
                return _shrink(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise CoverRefusedError(f"expected at most {MAX_PIXELS} pixels, got many more") from error
    except (OSError, SyntaxError, ValueError, Warning, struct.error, EOFError, IndexError, TypeError) as error:
        if isinstance(error, CoverRefusedError):
            raise
        raise CoverRefusedError("expected a JPEG, PNG, WebP, GIF or BMP picture, got something else") from error


def _shrink(image: Image.Image) -> CoverImage:
    # A JPEG is decoded no larger than needed.
    image.draft("RGB", (MAX_SIDE_PX * 2, MAX_SIDE_PX * 2))
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    plain = image.convert("RGBA")
    canvas = Image.new("RGB", plain.size, _WHITE)
    canvas.paste(plain, mask=plain.getchannel("A"))
    target = io.BytesIO()
    canvas.save(target, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    data = target.getvalue()
    return CoverImage(hashlib.sha256(data).hexdigest(), "image/jpeg", canvas.width, canvas.height, data)


# The folder's time tells when a picture came or went.
@lru_cache(maxsize=16)
def _read_folder_picture(folder: Path, _mtime_ns: int) -> bytes | None:
    by_name = {path.name.lower(): path for path in folder.iterdir()}
    path = next((by_name[name] for name in _NAMES if name in by_name), None)
    # A link may lead anywhere.
    if path is None or path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > MAX_PICTURE_BYTES:
        raise CoverRefusedError(f"expected at most {MAX_PICTURE_BYTES} bytes, got {path.stat().st_size}")
    return path.read_bytes()
