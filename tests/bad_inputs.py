"""Files that can't be scored, each with what the message must say."""

import io
import os
import pickle
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.io.make import breast, mg_dataset, save, save_compressed, save_frame


def make_bad_inputs(folder: Path) -> list[tuple[Path, str]]:
    """Write every bad input into a folder (a few are no files at all) and pair it with a regex for its message."""
    folder = Path(folder)
    table = [*_no_images(folder), *_dicom(folder), *_compressed_dicom(folder), *_png(folder), *_jpeg(folder)]
    return [*table, *_tiff(folder), *_npy(folder)]


def _no_images(folder):
    contents = {
        "empty.dcm": (b"", r"The file is empty\."),
        "text.dcm": (b"I am not DICOM. " * 40, r"The file is text, and none of DICOM, PNG"),
        "page.png": (b"<html><body>Not found</body></html>", r"The file is a web page"),
        "report.dcm": (b"%PDF-1.7\n" + bytes(500), r"a PDF document"),
        "study.dcm": (b"PK\x03\x04" + bytes(500), r"a ZIP archive"),
        "anim.jpg": (b"GIF89a" + bytes(500), r"a GIF picture"),
        "old.png": (b"BM" + bytes(500), r"a BMP picture"),
        "noise.dcm": (np.random.default_rng(7).bytes(4096), r"of an unknown kind|damaged"),
        "preamble-only.dcm": (bytes(128) + b"DICM", r"no attribute in it can be read"),
        "garbage-behind-preamble.dcm": (
            bytes(128) + b"DICM" + np.random.default_rng(1).bytes(3000),
            r"damaged|no attribute|no Pixel Data",
        ),
    }
    for name, (content, message) in contents.items():
        path = folder / name
        path.write_bytes(content)
        yield path, message
    yield folder / "missing.dcm", r"The file does not exist\."
    (folder / "dangling.dcm").symlink_to(folder / "nowhere.dcm")
    yield folder / "dangling.dcm", r"The file does not exist\."
    (folder / "folder.dcm").mkdir()
    yield folder / "folder.dcm", r"This is a folder, not a file\."
    os.mkfifo(folder / "pipe.dcm")
    yield folder / "pipe.dcm", r"This is no regular file\."
    if os.geteuid() != 0:  # to the administrator, every file is readable
        (folder / "locked.dcm").write_bytes(bytes(200))
        (folder / "locked.dcm").chmod(0)
        yield folder / "locked.dcm", r"permission denied"


def _dicom(folder):
    stored = breast()
    attributes = {
        "tomosynthesis": ({"NumberOfFrames": 60}, r"60 frames \(0028,0008\).*tomosynthesis"),
        "palette": ({"PhotometricInterpretation": "PALETTE COLOR"}, r"not monochrome.*PALETTE COLOR"),
        "no-photometric": ({"PhotometricInterpretation": None}, r"not monochrome.*missing"),
        "ct": ({"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, r"Modality \(0008,0060\) is CT"),
        "chest": (
            {"Modality": "DX", "SOPClassUID": uid.SecondaryCaptureImageStorage, "BodyPartExamined": "CHEST"}
            | {"ViewPosition": "PA"},
            r"Nothing says that this is a mammogram",
        ),
        "no-modality": (
            {"Modality": "", "SOPClassUID": uid.SecondaryCaptureImageStorage, "BodyPartExamined": None}
            | {"ViewPosition": None},
            r"Modality \(0008,0060\) is empty",
        ),
        "sixteen-k": ({"Rows": 16384, "Columns": 16384}, r"too large.*16384 x 16384"),
        "zero-rows": ({"Rows": 0}, r"no usable Rows \(0028,0010\)"),
        "no-columns": ({"Columns": None}, r"no usable Columns \(0028,0011\)"),
        "more-rows-than-data": ({"Rows": 900}, r"truncated.*Pixel Data \(7FE0,0010\) has 537600 bytes"),
        "32-bits": ({"BitsAllocated": 32}, r"Bits Allocated \(0028,0100\) is 32"),
        "bits-contradict": ({"BitsStored": 20}, r"contradict each other"),
        "long-pixels": ({"ImagerPixelSpacing": [0.1, 0.2]}, r"pixels are not square: Imager Pixel Spacing"),
        "aspect": ({"PixelAspectRatio": [2, 1]}, r"pixels are not square: Pixel Aspect Ratio"),
    }
    for name, (values, message) in attributes.items():
        yield save(folder / f"{name}.dcm", mg_dataset(stored, **values)), message
    colour = mg_dataset(np.dstack([stored.astype(np.uint8)] * 3), bits_stored=8, SamplesPerPixel=3)
    colour.PhotometricInterpretation, colour.PlanarConfiguration = "RGB", 0
    yield save(folder / "colour.dcm", colour), r"not monochrome: Samples per Pixel .* is 3"
    yield save(folder / "thumbnail.dcm", mg_dataset(breast(200, 130))), r"too small: 130 x 200"
    yield save(folder / "blank.dcm", mg_dataset(np.full((640, 420), 7, np.uint16))), r"is blank"
    padded = mg_dataset(np.full((640, 420), 7, np.uint16), PixelPaddingValue=7)
    padded["PixelPaddingValue"].VR = "US"
    yield save(folder / "only-padding.dcm", padded), r"nothing but padding"
    roi = mg_dataset((breast() > 800).astype(np.uint8) * 255, bits_stored=8)
    yield save(folder / "region-mask.dcm", roi), r"too few grey levels"
    report = mg_dataset(stored, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR")
    del report.PixelData
    yield save(folder / "structured-report.dcm", report), r"no Pixel Data \(7FE0,0010\).*Comprehensive SR"
    floating = mg_dataset(stored)
    del floating.PixelData
    floating.FloatPixelData = bytes(640 * 420 * 4)
    yield save(folder / "float-pixels.dcm", floating), r"floating-point pixels"
    directory = mg_dataset(stored, SOPClassUID="1.2.840.10008.1.3.10")
    del directory.PixelData
    directory.DirectoryRecordSequence = Sequence([Dataset()])
    yield save(folder / "directory.dcm", directory), r"DICOMDIR"
    whole = save(folder / "cut.dcm", mg_dataset(stored)).read_bytes()
    (folder / "cut.dcm").write_bytes(whole[:200_000])
    yield folder / "cut.dcm", r"truncated"
    (folder / "cut-in-header.dcm").write_bytes(whole[:600])
    yield folder / "cut-in-header.dcm", r"no Pixel Data|damaged"


def _compressed_dicom(folder):
    stored = breast()

    def compressed(name, syntax, **attributes):
        return save_compressed(folder / f"{name}.dcm", mg_dataset(stored, **attributes), stored, syntax)

    for name, syntax, message in (
        ("cut-rle", uid.RLELossless, r"truncated|damaged|not encapsulated|no RLE frame"),
        ("cut-jpeg-ls", uid.JPEGLSLossless, r"truncated|damaged|not encapsulated"),
        ("cut-jpeg-2000", uid.JPEG2000Lossless, r"truncated|damaged|not encapsulated"),
        ("cut-jpeg-lossless", uid.JPEGLosslessSV1, r"truncated|damaged|not encapsulated"),
        ("cut-deflated", uid.DeflatedExplicitVRLittleEndian, r"truncated: its deflated dataset breaks off"),
    ):
        path = compressed(name, syntax)
        path.write_bytes(path.read_bytes()[:-60_000])
        yield path, message
    frame = bytes(cv2.imencode(".jpg", stored.astype(np.uint8))[1])
    short = frame[:-3000]
    eight = mg_dataset(stored.astype(np.uint8), bits_stored=8)
    yield save_frame(folder / "short-jpeg.dcm", eight, short, uid.JPEGBaseline8Bit), r"truncated: its JPEG stream"
    for name, syntax, message in (
        ("called-jpeg-ls", uid.JPEGLSLossless, r"no JPEG-LS stream, though the transfer syntax says so"),
        ("called-jpeg-2000", uid.JPEG2000Lossless, r"no JPEG 2000 stream, though"),
        ("called-jpeg", uid.JPEGLosslessSV1, r"no JPEG stream, though"),
        ("called-rle", uid.RLELossless, r"no RLE frame of 16-bit pixels"),
    ):
        yield save_frame(folder / f"{name}.dcm", mg_dataset(stored), bytes(1000), syntax), message
    yield (
        save(folder / "called-native.dcm", _not_encapsulated(stored), uid.RLELossless),
        r"not encapsulated|no RLE frame",
    )
    film = save_frame(folder / "film.dcm", mg_dataset(stored), bytes(1000), uid.MPEG2MPML)
    yield film, r"transfer syntax MPEG2 .* is not one that tamperscope can decode"
    yield compressed("another-size", uid.JPEGLSLossless, Rows=641), r"JPEG-LS stream holds 420 x 640 .*420 x 641"
    huge = bytearray(compressed("huge-stream", uid.JPEG2000Lossless).read_bytes())
    at = huge.index(b"\xff\x4f\xff\x51")
    huge[at + 8 : at + 16] = struct.pack(">II", 60000, 60000)
    (folder / "huge-stream.dcm").write_bytes(huge)
    yield folder / "huge-stream.dcm", r"JPEG 2000 stream holds 60000 x 60000"
    twelve = bytearray((Path(__file__).parent / "io" / "data" / "wedge-12-bit.jpeg").read_bytes())
    twelve[twelve.index(b"JFIF") + 5] = 29  # at any warning of its 12-bit decoder, GDCM ends the process
    wedge = mg_dataset(np.zeros((512, 256), np.uint16))
    yield (
        save_frame(folder / "warned.dcm", wedge, bytes(twelve), uid.JPEGExtended12Bit),
        r"damaged: decoding gave 0 bytes",
    )
    odd = bytearray(compressed("odd-precision", uid.JPEGLosslessSV1).read_bytes())
    odd[odd.index(b"\xff\xc3") + 4] = 107
    (folder / "odd-precision.dcm").write_bytes(odd)
    yield folder / "odd-precision.dcm", r"a kind that DICOM does not have: 107 bits"
    sparse = mg_dataset(stored, Rows=8000, Columns=8000)
    rle = struct.pack("<16I", 2, 64, 66, *[0] * 13) + bytes(60)
    yield save_frame(folder / "sparse-rle.dcm", sparse, rle, uid.RLELossless), r"RLE frame is too short"
    bomb = save(folder / "bomb.dcm", mg_dataset(stored), uid.DeflatedExplicitVRLittleEndian).read_bytes()
    start = 144 + int.from_bytes(bomb[140:144], "little")
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(2**24)
    parts = [deflater.compress(zeros) for _ in range(33)]
    (folder / "bomb.dcm").write_bytes(bomb[:start] + b"".join(parts) + deflater.flush())
    yield folder / "bomb.dcm", r"inflates beyond"


def _not_encapsulated(stored):
    dataset = mg_dataset(stored)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = False
    # pydicom refuses to write bare pixels under a compressed syntax, so they get one empty-looking item.
    dataset.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\x00\x00\x00abcd"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(folder):
    stored = breast(bits=16)
    whole = bytes(cv2.imencode(".png", stored)[1])

    def written(name, content):
        (folder / name).write_bytes(content)
        return folder / name

    yield written("cut.png", whole[: len(whole) // 2]), r"PNG file is truncated: it has no end"
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    yield written("flipped.png", bytes(flipped)), r"PNG file is damaged: its IDAT chunk has a wrong checksum"
    header = struct.pack(">IIBBBBB", 420, 640, 16, 0, 0, 0, 0)
    end = png_chunk(b"IEND", b"")
    few = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(90_000))) + end
    yield written("few-rows.png", whole[:8] + few), r"damaged|blank"
    bomb_header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    bomb = png_chunk(b"IHDR", bomb_header) + png_chunk(b"IDAT", zlib.compress(bytes(10**6))) + end
    yield written("bomb.png", whole[:8] + bomb), r"too large: its header says 60000 x 60000"
    animated = whole[:33] + png_chunk(b"acTL", bytes(8)) + whole[33:]
    yield written("animated.png", animated), r"animated"
    Image.fromarray(stored > 9000).save(folder / "one-bit.png")
    yield folder / "one-bit.png", r"bit depth of 1"
    cv2.imwrite(str(folder / "photo.png"), _photo())
    yield folder / "photo.png", r"picture is in colour"
    transparent = np.dstack([stored >> 8] * 4).astype(np.uint8)
    cv2.imwrite(str(folder / "transparent.png"), transparent)
    yield folder / "transparent.png", r"transparent"
    cv2.imwrite(str(folder / "mask.png"), (stored > 9000).astype(np.uint8) * 255)
    yield folder / "mask.png", r"too few grey levels"
    cv2.imwrite(str(folder / "tiny.png"), stored[:100, :100])
    yield folder / "tiny.png", r"too small: 100 x 100"
    cv2.imwrite(str(folder / "black.png"), np.zeros((700, 500), np.uint8))
    yield folder / "black.png", r"is blank"


def _photo():
    y, x = np.mgrid[:700, :500]
    return np.dstack([x // 2, y // 3, 255 - x // 2]).astype(np.uint8)


def _jpeg(folder):
    cv2.imwrite(str(folder / "photo.jpg"), _photo())
    yield folder / "photo.jpg", r"picture is in colour"
    whole = bytes(cv2.imencode(".jpg", breast(bits=8))[1])
    (folder / "cut.jpg").write_bytes(whole[:-2000])
    yield folder / "cut.jpg", r"JPEG file is truncated"
    (folder / "start-only.jpg").write_bytes(whole[:30] + bytes(10))
    yield folder / "start-only.jpg", r"JPEG file is damaged or truncated"
    Image.new("CMYK", (500, 700)).save(folder / "cmyk.jpg")
    yield folder / "cmyk.jpg", r"in colour: it has 4 samples"
    twelve = Path(__file__).parent / "io" / "data" / "wedge-12-bit.jpeg"
    (folder / "twelve-bit.jpg").write_bytes(twelve.read_bytes())
    yield folder / "twelve-bit.jpg", r"rare kind \(12 bits"
    huge = bytearray(whole)
    at = huge.index(b"\xff\xc0")
    huge[at + 5 : at + 9] = struct.pack(">HH", 65000, 65000)
    (folder / "huge.jpg").write_bytes(huge)
    yield folder / "huge.jpg", r"too large: its header says 65000 x 65000"


def _tiff(folder):
    stored = breast(bits=16)
    tifffile.imwrite(folder / "pages.tif", np.stack([stored] * 3), photometric="minisblack")
    yield folder / "pages.tif", r"3 pages"
    tifffile.imwrite(folder / "cut.tif", stored)
    (folder / "cut.tif").write_bytes((folder / "cut.tif").read_bytes()[:200_000])
    yield folder / "cut.tif", r"truncated|damaged"
    (folder / "stub.tif").write_bytes(b"II*\0" + struct.pack("<I", 4_000_000) + bytes(100))
    yield folder / "stub.tif", r"TIFF file is damaged|0 pages"
    broken = stored.astype(np.float32)
    broken[5, 5] = np.nan
    tifffile.imwrite(folder / "nan.tif", broken)
    yield folder / "nan.tif", r"not a number"
    tifffile.imwrite(folder / "photo.tif", _photo(), photometric="rgb")
    yield folder / "photo.tif", r"picture is in colour"
    tifffile.imwrite(folder / "one-bit.tif", stored > 9000)
    yield folder / "one-bit.tif", r"bit depth of 1"
    bomb = io.BytesIO()
    tifffile.imwrite(bomb, stored)
    bomb.seek(0)
    with tifffile.TiffFile(bomb) as file:
        places = [file.pages[0].tags[tag].valueoffset for tag in (256, 257)]
    content = bytearray(bomb.getvalue())
    for place in places:
        size = 4 if struct.unpack_from("<H", content, place - 6)[0] == 4 else 2
        content[place : place + size] = (50000).to_bytes(size, "little")
    (folder / "bomb.tif").write_bytes(content)
    yield folder / "bomb.tif", r"too large: its header says 50000 x 50000"


def _npy(folder):
    image = breast().astype(np.float32)
    nan, infinite = image.copy(), image.copy()
    nan[3, 3], infinite[3, 3] = np.nan, np.inf
    for name, array, message in (
        ("nan", nan, r"not a number \(NaN\) or infinite"),
        ("infinite", infinite, r"not a number \(NaN\) or infinite"),
        ("stack", np.stack([image] * 5), r"shape 5x640x420"),
        ("vector", image.ravel(), r"shape 268800"),
        ("bool", image > 900, r"type bool"),
        ("complex", image.astype(np.complex64), r"type complex64"),
        ("constant", np.zeros((640, 420)), r"is blank"),
    ):
        np.save(folder / f"{name}.npy", array)
        yield folder / f"{name}.npy", message
    np.save(folder / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    yield folder / "pickled.npy", r"type object"
    (folder / "pickle.npy").write_bytes(pickle.dumps({"pixels": [1, 2, 3] * 200}))
    yield folder / "pickle.npy", r"of an unknown kind"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (16000, 16000)})
    (folder / "huge.npy").write_bytes(header.getvalue())
    yield folder / "huge.npy", r"too large: its header says 16000 x 16000"
    np.save(folder / "cut.npy", image)
    (folder / "cut.npy").write_bytes((folder / "cut.npy").read_bytes()[:5000])
    yield folder / "cut.npy", r"NPY file is truncated"
    (folder / "headless.npy").write_bytes(b"\x93NUMPY\x01\x00\x10\x00{'descr': ")
    yield folder / "headless.npy", r"NPY file is damaged"
