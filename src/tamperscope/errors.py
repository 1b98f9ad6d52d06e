"""The two ways in which tamperscope says no."""


class TamperscopeError(Exception):
    """A sentence for the person at the keyboard: what is wrong and, where it helps, what to do."""


class UnscorableImageError(TamperscopeError):
    """The file is no mammogram that can be scored; the message says why in one sentence.

    It becomes the ``reason`` of a ``not-scored`` verdict: an image that can't be scored is never called real.
    """
