"""Names of files as one honest line: in a terminal, on a page, in a file's name."""

from __future__ import annotations


def visible(text: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """A text with each character that can't be seen replaced.

    A file's name may hold line breaks, escape sequences that a terminal obeys, marks that turn the direction of
    writing, and bytes that are no text at all.

    Args:
        text: any text, also with surrogates from undecodable bytes.
        instead: what stands for an invisible character.
    """
    return "".join(character if character.isprintable() else instead for character in text)
