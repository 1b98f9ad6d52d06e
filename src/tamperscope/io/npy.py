"""NPY arrays: the header is checked before anything is allocated, and nothing is unpickled."""

from __future__ import annotations

import io

import numpy as np

from tamperscope.errors import UnscorableImageError
from tamperscope.io.limits import check_size


def decode_npy(content: bytes) -> np.ndarray:
    """Decode an NPY file into an H x W or H x W x channels array in native byte order.

    Raises:
        UnscorableImageError: it is damaged, or holds no array of numbers in two dimensions.
    """
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_columns, dtype = read(stream)
    except (ValueError, EOFError) as error:
        raise UnscorableImageError("The NPY file is damaged: its header can't be read.") from error
    if dtype.hasobject or dtype.kind not in "iuf":
        raise UnscorableImageError(f"The NPY array is of type {dtype}, and 8- or 16-bit or float numbers are needed.")
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (3, 4)):
        raise UnscorableImageError(
            f"The NPY array has the shape {'x'.join(map(str, shape))}, and rows x columns of "
            "one single image are needed."
        )
    check_size(shape[0], shape[1])
    count = int(np.prod(shape, dtype=np.int64))
    if len(content) - stream.tell() < count * dtype.itemsize:
        raise UnscorableImageError("The NPY file is truncated: it has fewer values than its header says.")
    array = np.frombuffer(content, dtype, count, stream.tell()).reshape(shape, order="F" if by_columns else "C")
    array = np.ascontiguousarray(array, dtype.newbyteorder("="))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UnscorableImageError("The NPY array holds values that are not a number (NaN) or infinite.")
    return array
