"""Random streams that depend on names, never on the order in which they are asked for."""

import hashlib

import numpy as np


def stream(seed: int, *names: object) -> np.random.Generator:
    """Return the generator of one named thing, so that any layer can be drawn without those before it."""
    digest = hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=8).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "little")])


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between `low` and `high`, each octave as likely as the next."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
