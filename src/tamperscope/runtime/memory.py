"""Memory that one image gave back is kept for the next one."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Of ``mallopt`` (glibc, malloc.h)."""
_GIGABYTE = 1 << 30


def keep_freed_memory() -> None:
    """Tell the C library to hold on to freed memory, of images' sizes too, for as long as the process lives.

    By default it gives large blocks back at once, and the system hands them out again page by page: for a film of 13
    million pixels that took a tenth of the whole scan. Where the C library is not glibc nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    library = ctypes.CDLL(None)
    for option, value in ((_MMAP_THRESHOLD, _GIGABYTE), (_TRIM_THRESHOLD, _GIGABYTE), (_ARENA_MAX, 1)):
        library.mallopt(option, value)
