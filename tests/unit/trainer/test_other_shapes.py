from pathlib import Path
from typing import Any

import pytest

from layerwatch.errors import TrainingError

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

from layerwatch.vision.network import Decoder, Inspectable, build_network  # noqa: E402 - they need torch
from trainer.export import export_onnx  # noqa: E402
from trainer.recipe import Recipe  # noqa: E402
from trainer.setup import first_network, trained_network  # noqa: E402

CHANNELS = (16, 8, 8, 8, 8)
FILES = pytest.mark.parametrize("name", ["float32.safetensors", "float32.onnx"])


def tiles() -> torch.Tensor:
    return torch.randint(0, 256, (2, 96, 96, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def trained(folder: Path, decoder: Decoder = "unet") -> Any:  # noqa: ANN401 - smp has no types
    """Return a network that has seen something, and write both files that a run may start from."""
    torch.manual_seed(0)
    network: Any = build_network(decoder=decoder, decoder_channels=CHANNELS)
    for _ in range(3):  # equal values, as a fresh network has, would be stored once in the ONNX file
        network.train()(torch.rand(4, 3, 64, 64))
    if decoder == "unet":
        silence(network.encoder.features[-1])
    save_file(network.eval().state_dict(), folder / "float32.safetensors")
    (folder / "float32.onnx").write_bytes(export_onnx(Inspectable(network)))
    return network


def silence(deepest: Any) -> None:  # noqa: ANN401
    """Make the deepest stage say the same everywhere, but not nothing."""
    with torch.no_grad():
        deepest[0].weight *= 1e-6
        nn.init.uniform_(deepest[1].bias, -1, 1)


@FILES
def test_a_compact_network_answers_as_a_unet_whose_deepest_stage_says_nothing(tmp_path: Path, name: str) -> None:
    unet, planes = trained(tmp_path), torch.rand(1, 3, 256, 256)
    recipe = Recipe(
        start=str(tmp_path / name), decoder="compact", decoder_channels=CHANNELS, pos_weight=1, hard_share=0.5
    )

    compact = first_network(recipe, tiles, fresh=True).eval()

    with torch.inference_mode():
        inside = (..., slice(96, 160), slice(96, 160))  # at the rim a constant ends, and the other does not
        answer, expected = compact(planes)[inside], unet(planes)[inside]
        assert torch.allclose(answer, expected, atol=1e-3)
        assert expected.std() > 1e-2
        assert torch.allclose(trained_network(recipe, tiles()).eval()(planes), unet(planes), atol=1e-3)


def test_what_has_no_counterpart_in_the_unet_is_left_to_learn(tmp_path: Path) -> None:
    unet, planes = trained(tmp_path), torch.rand(1, 3, 64, 64)
    recipe = Recipe(
        start=str(tmp_path / "float32.safetensors"), decoder="compact", decoder_channels=(16, 8, 8, 12), pos_weight=1
    )

    compact: Any = first_network(recipe, tiles, fresh=True).eval()

    with torch.inference_mode():
        assert compact(planes).shape == (1, 1, 64, 64)
        for seen, expected in zip(compact.encoder(planes), unet.encoder(planes)[:-1], strict=True):
            assert torch.equal(seen, expected)
    assert torch.equal(compact.decoder.blocks[1].conv2[0].weight, unet.decoder.blocks[2].conv2[0].weight)
    assert len(compact.decoder.blocks[2].conv2[0].weight) == 12


@FILES
def test_a_compact_network_goes_on_from_its_own_kind(tmp_path: Path, name: str) -> None:
    former, planes = trained(tmp_path, "compact"), torch.rand(1, 3, 64, 64)
    recipe = Recipe(start=str(tmp_path / name), decoder="compact", decoder_channels=CHANNELS, pos_weight=1)

    network = first_network(recipe, tiles, fresh=True).eval()

    with torch.inference_mode():
        assert torch.allclose(network(planes), former(planes), atol=1e-3)


@FILES
def test_a_wider_unet_answers_as_the_narrower_one_and_its_new_channels_can_learn(tmp_path: Path, name: str) -> None:
    narrow, planes = trained(tmp_path), torch.rand(1, 3, 64, 64)
    recipe = Recipe(start=str(tmp_path / name), decoder_channels=(24, 16, 12, 8, 10), pos_weight=1)

    wide: Any = first_network(recipe, tiles, fresh=True)

    with torch.inference_mode():
        assert torch.allclose(wide.eval()(planes), narrow(planes), atol=1e-3)
    wide.train()(planes).sum().backward()
    heard = wide.decoder.blocks[1].conv1[0].weight.grad
    assert heard[:8, 16:24].abs().max() > 0  # by the channels that were there before, from the new ones
    assert wide.decoder.blocks[0].conv2[0].weight[16:].abs().max() > 0


def test_a_unet_does_not_start_from_one_with_more_channels(tmp_path: Path) -> None:
    trained(tmp_path)
    recipe = Recipe(start=str(tmp_path / "float32.safetensors"), decoder_channels=(16, 8, 8, 8, 4))

    with pytest.raises(TrainingError, match="has the channels 16, 8, 8, 8, 8: --decoder-channels may be more"):
        first_network(recipe, tiles, fresh=True)


def test_a_compact_network_does_not_start_from_anything_else(tmp_path: Path) -> None:
    (tmp_path / "float32.onnx").write_bytes(b"nothing")
    recipe = Recipe(start=str(tmp_path / "float32.onnx"), decoder="compact", decoder_channels=CHANNELS)

    with pytest.raises(TrainingError, match="is not a trained network with this decoder"):
        first_network(recipe, tiles, fresh=True)
