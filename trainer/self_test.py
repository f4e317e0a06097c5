"""Whether a bundle is whole and its networks are alive: no data needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import Manifest, Precision, load_manifest, read_verified, verify_files
from layerwatch.errors import BundleCorruptError
from layerwatch.promotions import Check
from layerwatch.vision.self_test import answer_problem, probe_tile
from trainer.engines import openvino_engine

ALIKE: Final = 0.05  # mean difference of a probability on the probe; the starter's precisions differ by 0.0007


def check_bundle(bundle: Path) -> Iterator[Check]:
    """Yield what can be said of a bundle without pictures: hashes, self-test of each network, and their likeness.

    Raises:
        BundleError: there is no bundle, or its manifest cannot be read.
    """
    manifest = load_manifest(bundle)
    hashes = _hashes(bundle, manifest)
    yield hashes
    if not hashes.passed:
        return  # what is not what the manifest says is not loaded
    tile = probe_tile(manifest.input.tile)
    answers: dict[Precision, NDArray[np.float32]] = {}
    for precision in manifest.operating_points:
        problem, answer = _answer(bundle, manifest, precision, tile)
        said = problem or "the network answers to the test tile with probabilities that depend on it"
        yield Check(name=f"self-test of {precision}", passed=problem is None, said=said)
        if problem is None:
            answers[precision] = answer
    if len(answers) > 1:
        yield _alike(answers["int8"], answers["float32"])


def _hashes(bundle: Path, manifest: Manifest) -> Check:
    try:
        verify_files(bundle, manifest)
    except BundleCorruptError as error:
        return Check(name="files", passed=False, said=str(error))
    return Check(name="files", passed=True, said=f"{len(manifest.files)} files are what the manifest says")


def _answer(
    bundle: Path, manifest: Manifest, precision: Precision, tile: NDArray[np.uint8]
) -> tuple[str | None, NDArray[np.float32]]:
    try:
        answer = openvino_engine(read_verified(bundle, manifest, manifest.model_file(precision)))(tile)
    except (BundleCorruptError, RuntimeError) as error:  # OpenVINO knows RuntimeError only
        return f"the network cannot be run: {str(error).strip().splitlines()[-1]}", np.empty(0, np.float32)
    return answer_problem(answer, tile), answer


def _alike(int8: NDArray[np.float32], float32: NDArray[np.float32]) -> Check:
    difference = float(np.abs(int8 - float32).mean())
    said = f"int8 and float32 differ by {difference:.4f} on average on the test tile; at most {ALIKE} is allowed"
    return Check(name="int8 is like float32", passed=difference <= ALIKE, said=said)
