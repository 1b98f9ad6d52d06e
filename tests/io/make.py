"""Small mammograms as files of every kind, made for the tests."""

import gdcm
import jpeg_ls
import numpy as np
from openjpeg.utils import encode_array
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from rle.rle import encode_frame

FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"


def breast(rows=640, columns=420, *, bits=12, seed=0):
    """A half disc of textured tissue, brighter inside, on noisy dark air; chest wall on the left."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    radius = np.hypot((y - rows / 2) / (0.42 * rows), x / (0.8 * columns))
    tissue = 900 + 1800 * (1 - radius) + 60 * rng.standard_normal((rows, columns))
    air = 20 + 5 * rng.standard_normal((rows, columns))
    image = np.clip(np.where(radius < 1, tissue, air), 0, 4095) * 2.0 ** (bits - 12)
    return image.astype(np.uint8 if bits <= 8 else np.uint16)


def mg_dataset(stored, *, bits_stored=12, **attributes):
    """A Digital Mammography X-Ray Image for presentation; attributes set to None are left out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    values = {
        "SOPClassUID": FOR_PRESENTATION,
        "SOPInstanceUID": "1.2.3.4.5.6",
        "StudyInstanceUID": "1.2.3.4",
        "SeriesInstanceUID": "1.2.3.4.5",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "StudyDate": "20200101",
        "StudyTime": "120000",
        "ContentDate": "20200101",
        "ContentTime": "120000",
        "AccessionNumber": "1",
        "Modality": "MG",
        "PresentationIntentType": "FOR PRESENTATION",
        "Manufacturer": "Maker",
        "ReferringPhysicianName": "",
        "PatientName": "Doe^Jane",
        "PatientID": "P1",
        "PatientBirthDate": "",
        "PatientSex": "F",
        "BodyPartExamined": "BREAST",
        "StudyID": "1",
        "SeriesNumber": "1",
        "InstanceNumber": "1",
        "ImageLaterality": "L",
        "ViewPosition": "CC",
        "ImagerPixelSpacing": [0.1, 0.1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "BitsAllocated": 8 * stored.dtype.itemsize,
        "BitsStored": bits_stored,
        "HighBit": bits_stored - 1,
        "PixelRepresentation": int(stored.dtype.kind == "i"),
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        **attributes,
    }
    for keyword, value in values.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW" if stored.dtype.itemsize == 2 else "OB"
    return dataset


def save(path, dataset, syntax=uid.ExplicitVRLittleEndian):
    """Write a dataset whose pixel data is already in the transfer syntax."""
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(
        path,
        implicit_vr=syntax == uid.ImplicitVRLittleEndian,
        little_endian=syntax != uid.ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    return path


_GDCM_SYNTAXES = {
    uid.JPEGBaseline8Bit: "JPEGBaselineProcess1",
    uid.JPEGLossless: "JPEGLosslessProcess14",
    uid.JPEGLosslessSV1: "JPEGLosslessProcess14_1",
}


def save_compressed(path, dataset, stored, syntax):
    """Write a dataset with pixels encoded in any transfer syntax that the tests can encode."""
    bits = int(dataset.BitsStored)
    rows, columns = stored.shape
    if syntax == uid.ExplicitVRBigEndian:
        dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
        return save(path, dataset, syntax)
    if syntax in (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian):
        return save(path, dataset, syntax)
    if syntax == uid.RLELossless:
        frame = encode_frame(stored.tobytes(), rows, columns, 1, 8 * stored.dtype.itemsize, "<")
    elif syntax in (uid.JPEGLSLossless, uid.JPEGLSNearLossless):
        frame = jpeg_ls.encode_pixel_data(
            stored.tobytes(),
            lossy_error=2 if syntax == uid.JPEGLSNearLossless else 0,
            rows=rows,
            columns=columns,
            samples_per_pixel=1,
            bits_stored=bits,
        )
    elif syntax in (uid.JPEG2000Lossless, uid.JPEG2000):
        ratios = {} if syntax == uid.JPEG2000Lossless else {"compression_ratios": [8]}
        frame = encode_array(stored, bits_stored=bits, **ratios)
    else:
        return _save_by_gdcm(path, dataset, syntax)
    return save_frame(path, dataset, bytes(frame), syntax)


def save_frame(path, dataset, frame, syntax):
    """Write a dataset whose only frame is given in encoded form."""
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return save(path, dataset, syntax)


def _save_by_gdcm(path, dataset, syntax):
    reader = gdcm.ImageReader()
    reader.SetFileName(str(save(path, dataset)))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, _GDCM_SYNTAXES[syntax])))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return path


def item(**attributes):
    """A sequence item."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def lut(first, table, *, bits=16):
    """An item of a LUT sequence."""
    entry = item(LUTDescriptor=[len(table) % 65536, first, bits], LUTData=[int(value) for value in table])
    entry["LUTDescriptor"].VR = entry["LUTData"].VR = "US"
    return entry
