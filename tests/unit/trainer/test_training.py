import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from layerwatch.errors import TrainingError
from layerwatch.layers import Stage
from layerwatch.profile import load_profile

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import Tensor  # noqa: E402

from layerwatch.vision.network import Inspectable, add_to_logits, build_network  # noqa: E402 - they need torch
from trainer import training  # noqa: E402
from trainer.augment import build_augmentation, change_lights  # noqa: E402
from trainer.checkpoint import Checkpoint, Progress  # noqa: E402
from trainer.crops import plan_crops  # noqa: E402
from trainer.export import export_onnx  # noqa: E402
from trainer.hardware import Hardware  # noqa: E402
from trainer.loss import dice_loss, segmentation_loss, weight_offset  # noqa: E402
from trainer.recipe import Recipe  # noqa: E402
from trainer.setup import build_optimizer, first_network, rate_factor, training_mode  # noqa: E402
from trainer.sources import CLEAN, LayerFiles, Source  # noqa: E402
from trainer.store import Sample  # noqa: E402
from trainer.training import Learner, Report, train_network  # noqa: E402
from trainer.warm_start import load_trained  # noqa: E402


def test_dice_is_0_for_a_sure_and_right_answer_and_1_for_a_wrong_one() -> None:
    mask = torch.zeros(1, 32, 32)
    mask[:, 8:24, 8:24] = 1

    assert dice_loss((mask * 2 - 1) * 50, mask) == pytest.approx(0.0, abs=1e-3)
    assert dice_loss((1 - mask * 2) * 50, mask) > 0.99
    assert dice_loss(torch.full_like(mask, -50), torch.zeros_like(mask)) == pytest.approx(0.0, abs=1e-3)


def test_a_missed_pixel_costs_pos_weight_times_a_false_one() -> None:
    missed = torch.nn.functional.binary_cross_entropy_with_logits
    logits, mask = torch.zeros(1, 4, 4), torch.ones(1, 4, 4)

    loss = segmentation_loss(logits, mask, pos_weight=40)

    assert loss == pytest.approx(40 * float(missed(logits, mask)) + float(dice_loss(logits, mask)), rel=1e-5)


def test_the_weight_is_taken_back_from_the_odds() -> None:
    torch.manual_seed(0)
    model = Inspectable(build_network(decoder_channels=(8, 8, 8, 8, 8))).eval()
    tiles = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        before = model(tiles)

    add_to_logits(model.network, weight_offset(40))

    with torch.inference_mode():
        after = model(tiles)
    assert torch.allclose(after / (1 - after), before / (1 - before) / 40, rtol=1e-3)


def test_a_run_may_start_from_a_trained_model(tmp_path: Path) -> None:
    torch.manual_seed(0)
    channels = (8, 8, 8, 8, 8)
    trained = build_network(decoder_channels=channels).eval()
    add_to_logits(trained, weight_offset(4))
    save_file(trained.state_dict(), tmp_path / "float32.safetensors")
    recipe = Recipe(start=str(tmp_path / "float32.safetensors"), decoder_channels=channels, pos_weight=4)

    network = first_network(recipe, lambda: torch.zeros(1, 32, 32, 3), fresh=True).eval()

    with torch.inference_mode():
        planes = torch.rand(1, 3, 32, 32)
        assert torch.allclose(network(planes) + weight_offset(4), trained(planes), atol=1e-5)


def test_a_run_may_start_from_the_onnx_file_of_a_bundle(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tiles = torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8)
    trained = Inspectable(build_network(decoder_channels=(8, 8, 8, 8, 8)))
    for _ in range(3):
        trained.train()(torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8))  # statistics that are not trivial
    (tmp_path / "float32.onnx").write_bytes(export_onnx(trained))
    network = build_network(decoder_channels=(8, 8, 8, 8, 8))

    load_trained(network, tmp_path / "float32.onnx", tiles)

    model = Inspectable(network)
    with torch.inference_mode():
        expected = trained.eval()(tiles)
        assert torch.allclose(model.eval()(tiles), expected, atol=1e-4)
        assert expected.std() > 1e-3
        assert torch.allclose(model.train()(tiles), expected, atol=1e-2)  # the batch has the statistics it knows


def test_a_file_that_answers_otherwise_than_its_kernels_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trained = Inspectable(build_network(decoder_channels=(8, 8, 8, 8, 8)))
    for _ in range(3):
        trained.train()(torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8))
    model = onnx.load_from_string(export_onnx(trained))
    last = next(node for node in model.graph.node if "probability" in node.output)
    last.output[:] = ["whole"]
    model.graph.node.append(onnx.helper.make_node("Mul", ["whole", "whole"], ["probability"]))
    (tmp_path / "w.onnx").write_bytes(model.SerializeToString())
    tiles = torch.zeros((1, 64, 64, 3), dtype=torch.uint8)

    with pytest.raises(TrainingError, match="is not a trained network with this decoder"):
        load_trained(build_network(decoder_channels=(8, 8, 8, 8, 8)), tmp_path / "w.onnx", tiles)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """One prepared layer set with a defect."""
    kinds = np.zeros((96, 96), np.uint8)
    kinds[20:40, 20:40] = 1
    np.save(tmp_path / "k.npy", kinds)
    np.save(tmp_path / "c.npy", np.repeat(kinds[..., None] * 100, 3, axis=2))
    files = LayerFiles(source=0, build="b", layer=1, stage=Stage.RECOAT, pictures=(Path("a.png"),))
    return [Sample(files=files, channels=tmp_path / "c.npy", kinds=tmp_path / "k.npy", present=(1,))]


Train = Callable[..., dict[str, Tensor]]


@pytest.fixture
def train(samples: list[Sample], tmp_path: Path) -> Train:
    """Train a tiny network on it, in a folder of that name; return the tensors of the last one."""
    source = Source(images=tmp_path, masks=CLEAN, profile=load_profile("nist-ammt"))
    plan = plan_crops([source], samples, side=64, defect_share=0.5)
    hardware = Hardware(device="cpu", devices=1, nodes=1, strategy="auto", threads=1)

    def run(name: str = "run", *, report: Report = lambda *_: None, **options: int) -> dict[str, Tensor]:
        recipe = Recipe(encoder_weights="none", decoder_channels=(8,) * 5, crop=64, batch=2, **options)
        fabric, folder = hardware.start(mixed_precision=False), Checkpoint(folder=tmp_path / name)
        (last, *_), _ = train_network(recipe, plan, samples, folder, data="d", fabric=fabric, report=report)
        return last.state_dict()

    return run


def test_the_last_report_knows_that_a_run_lost_patience(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = iter((0.6, 0.5))
    monkeypatch.setattr(training, "validate", lambda *_: next(measured))
    ended: list[bool] = []

    train(steps=50, validate_every=1, patience=1, report=lambda run, _: ended.append(run.ended))

    assert ended == [False, False, True]


def test_a_run_that_is_interrupted_within_a_step_ends_as_one_that_is_not(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = train("without", steps=6)
    learned: list[int] = []

    def interrupt(logits: Tensor, mask: Tensor, *, pos_weight: float) -> Tensor:
        learned.append(len(learned))
        if len(learned) == 3:
            signal.raise_signal(signal.SIGINT)
        return segmentation_loss(logits, mask, pos_weight=pos_weight)

    monkeypatch.setattr(training, "segmentation_loss", interrupt)

    with pytest.raises(KeyboardInterrupt):
        train("with", steps=6)
    assert len(learned) == 3
    resumed = train("with", steps=6)

    assert len(learned) == 6
    assert all(torch.equal(resumed[name], tensor) for name, tensor in without.items())


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_a_start_that_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("w.onnx", "w.safetensors"):
        (tmp_path / name).write_bytes(content)

        with pytest.raises(TrainingError, match="is not a trained network with this decoder"):
            load_trained(build_network(), tmp_path / name, torch.zeros(1, 32, 32, 3))


def test_a_start_with_more_channels_is_refused(tmp_path: Path) -> None:
    save_file(build_network().state_dict(), tmp_path / "w.safetensors")
    recipe = Recipe(start=str(tmp_path / "w.safetensors"), decoder_channels=(8, 8, 8, 8, 8))

    with pytest.raises(TrainingError, match="has the channels 256, 128, 64, 32, 16: --decoder-channels may be more"):
        first_network(recipe, lambda: torch.zeros(1, 32, 32, 3), fresh=True)


def test_the_rate_warms_up_and_falls_to_almost_nothing() -> None:
    assert rate_factor(0, 0.0, warm_up=9) == pytest.approx(0.1)
    assert rate_factor(9, 0.0, warm_up=9) == pytest.approx(1)
    assert rate_factor(500, 0.5, warm_up=9) == pytest.approx(0.505)
    assert rate_factor(999, 1.0, warm_up=9) == pytest.approx(0.01)


def test_only_the_encoders_batch_norm_is_frozen_and_it_learns_slower() -> None:
    model = Inspectable(build_network(decoder_channels=(8, 8, 8, 8, 8)))

    training_mode(model, freeze_encoder_norm=True)
    groups = build_optimizer(model.network, Recipe()).param_groups

    norms = {name: layer.training for name, layer in model.named_modules() if isinstance(layer, torch.nn.BatchNorm2d)}
    assert not any(training for name, training in norms.items() if ".encoder." in name)
    assert all(training for name, training in norms.items() if ".encoder." not in name)
    assert [group["peak"] for group in groups] == [2e-4, 1e-3]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_mixed_precision_learns_as_float32_does_and_keeps_float32_weights() -> None:
    channels = (8, 8, 8, 8, 8)
    tiles = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    batch = tiles, (tiles[..., 0] > 128).to(torch.uint8)
    losses, weights = [], []
    for mixed in (False, True):
        recipe = Recipe(decoder_channels=channels, mixed_precision=mixed, warm_up=0)
        fabric = Hardware(device="cpu").start(mixed_precision=mixed)
        torch.manual_seed(0)
        learner = Learner.set_up(fabric, build_network(decoder_channels=channels), recipe)
        progress = Progress(recipe=recipe, data="")
        losses.append([learner.learn(progress, batch) for _ in range(3)])
        weights.append(learner.model.network.state_dict())

    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert all(one.dtype == weights[0][name].dtype for name, one in weights[1].items())


def test_augmentation_depends_on_nothing_but_the_random_state() -> None:
    augment = build_augmentation()
    rng = np.random.default_rng(0)
    channels, mask = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8), rng.integers(0, 2, (64, 64), dtype=np.uint8)

    first = augment(channels, mask, np.random.default_rng(7))
    again = augment(channels, mask, np.random.default_rng(7))
    other = augment(channels, mask, np.random.default_rng(8))

    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert set(np.unique(first[1])) <= {0, 1}


def test_a_mask_goes_where_its_defect_goes_and_shapes_are_bent() -> None:
    augment = build_augmentation()
    mask = np.zeros((96, 96), np.uint8)
    mask[20:50, 30:80] = 1
    channels = np.repeat(np.where(mask, 220, 40).astype(np.uint8)[..., None], 3, axis=2)

    areas = set()
    for seed in range(40):
        picture, moved = augment(channels, mask, np.random.default_rng(seed))
        middle = (int(picture.min()) + int(picture.max())) / 2
        assert np.mean((picture[..., 0] > middle) == (moved == 1)) > 0.97
        areas.add(int(moved.sum()))

    assert len(areas) > 10  # more than turns and mirrors, which keep the area


def test_some_crops_show_one_light_in_all_channels() -> None:
    channels = np.dstack([np.full((8, 8), value, np.uint8) for value in (50, 100, 150)])

    seen = [change_lights(channels, np.random.default_rng(seed)) for seed in range(200)]

    alike = np.mean([np.ptp(crop[0, 0].astype(int)) == 0 for crop in seen])
    assert 0.2 < alike < 0.4
    assert {crop.dtype for crop in seen} == {np.dtype(np.uint8)}
