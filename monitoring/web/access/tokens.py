"""Tokens: 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import secrets

TOKEN_BYTES = 32
LONGEST = 200  # characters of what is taken for a token at all


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """Return the SHA-256 in hex digits. A slow hash is for what people think up; this cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Return whether two digests are equal, in a time that does not tell how far."""
    return secrets.compare_digest(one, other)
