"""Passwords and tokens: made, hashed, checked."""

from __future__ import annotations

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()  # argon2id, RFC 9106's second recommendation
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look like another


def new_password() -> str:
    """Four groups of four letters, some 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def new_id() -> str:
    """128 random bits that tell nothing, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Argon2id with its salt and parameters."""
    return _HASHER.hash(password)


def right_password(hashed: str, password: str) -> bool:
    """Whether a password is the one that was hashed."""
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
