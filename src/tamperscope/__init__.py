"""Has this mammogram been tampered with?

The public names are loaded on first use, so that ``import tamperscope`` and ``tamperscope --help`` stay
quick and scanning never touches PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Detector": "tamperscope.detect.detector",
    "Finding": "tamperscope.detect.finding",
    "Forgery": "tamperscope.forge.forgery",
    "Injector": "tamperscope.forge.injector",
    "Mammogram": "tamperscope.mammogram",
    "UnscorableImageError": "tamperscope.errors",
    "load_detector": "tamperscope.detect.detectors",
    "read_mammogram": "tamperscope.io.read",
}

__all__ = [
    "Detector",
    "Finding",
    "Forgery",
    "Injector",
    "Mammogram",
    "UnscorableImageError",
    "load_detector",
    "read_mammogram",
]

if TYPE_CHECKING:
    from tamperscope.detect.detector import Detector
    from tamperscope.detect.detectors import load_detector
    from tamperscope.detect.finding import Finding
    from tamperscope.errors import UnscorableImageError
    from tamperscope.forge.forgery import Forgery
    from tamperscope.forge.injector import Injector
    from tamperscope.io.read import read_mammogram
    from tamperscope.mammogram import Mammogram


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tamperscope' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
