"""What a file is, by its first bytes and not by its name."""

from __future__ import annotations

from tamperscope.io.decoded import Kind

HEAD_BYTES = 256
_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture outside DICOM"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 stream outside DICOM"),
    (b"RIFF", "a RIFF file, such as WebP"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "a database"),
)


def kind_of(head: bytes) -> Kind | None:
    """Format of a file that begins with these bytes (at least 132 of them), or None where it is none of ours."""
    if head[128:132] == b"DICM":
        return "dicom"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if head[:6] == b"\x93NUMPY":
        return "npy"
    # Old DICOM without preamble begins with group 0002 or 0008, in either byte order, and an even element.
    if len(head) > 16 and (head[:2] in (b"\x02\0", b"\x08\0") and head[3] == 0 and head[2] % 2 == 0):
        return "dicom"
    if len(head) > 16 and (head[:3] in (b"\0\x02\0", b"\0\x08\0") and head[3] % 2 == 0):
        return "dicom"
    return None


def foreign_name(head: bytes) -> str:
    """What to call a file that is none of ours."""
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return name
    if head[:1] == b"<" or head.lstrip()[:1] == b"<":
        return "a web page or XML"
    text = sum(byte in (9, 10, 13) or 32 <= byte < 127 or byte >= 160 for byte in head)
    return "text" if text == len(head) else "of an unknown kind"
