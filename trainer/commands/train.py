"""The `train` command."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from layerwatch.health import serve_health
from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.hardware import Hardware
from trainer.labels.rules import Role
from trainer.options import (
    CleanFlaggedOption,
    CorrectionsOption,
    DefectClassesOption,
    DeviceName,
    ImagesOption,
    LabelBoxesOption,
    LabelClassesOption,
    LabelsOption,
    MasksOption,
    MinPrecisionOption,
    MinRecallOption,
    MissCostOption,
    ProfileOption,
    RegistryOption,
)
from trainer.recipe import make_recipe
from trainer.settings import TrainerSettings
from trainer.wish import make_wish


@app.command()
def train(  # noqa: PLR0913 - one parameter an option
    *,
    images: ImagesOption,
    profile: ProfileOption,
    masks: MasksOption = None,
    defect_classes: DefectClassesOption = None,
    labels: LabelsOption = None,
    label_classes: LabelClassesOption = None,
    label_boxes: LabelBoxesOption = Role.DEFECT,
    corrections: CorrectionsOption = None,
    weight: Annotated[
        list[float] | None,
        typer.Option(help="Share of the training crops of each --images; by default as many as it has layer sets."),
    ] = None,
    paste: Annotated[
        list[float] | None,
        typer.Option(
            help="Share of the crops of each --images that get a small or thin defect copied from another place of "
            "these pictures, for kinds of which there are few."
        ),
    ] = None,
    hairlines: Annotated[
        list[float] | None,
        typer.Option(
            help="Share of the crops of each --images into which faint lines are drawn, such as a recoater leaves and "
            "people seldom label."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "layerwatch",
    version: Annotated[str | None, typer.Option(help="Version; by default date and time.")] = None,
    registry: RegistryOption = None,
    work: Annotated[Path, typer.Option(help="Folder for prepared pictures and the state of the run.")] = Path(
        "data/training"
    ),
    scale: Annotated[float, typer.Option(help="Working scale: the network sees pictures shrunk to this.")] = 0.5,
    crop: Annotated[int, typer.Option(help="Side of a training crop in px at the working scale.")] = 256,
    batch: Annotated[int, typer.Option(help="Crops a step, for each device.")] = 8,
    steps: Annotated[int, typer.Option(help="Steps at most; 0 takes --start as it is.")] = 2000,
    max_minutes: Annotated[
        float | None, typer.Option(help="Minutes of training at most, over all resumed runs.")
    ] = None,
    lr: Annotated[float, typer.Option(help="Peak learning rate of the decoder.")] = 1e-3,
    encoder_lr: Annotated[float, typer.Option(help="Peak learning rate of the encoder.")] = 2e-4,
    pos_weight: Annotated[
        float, typer.Option(help="How much more a missed defect pixel costs than a false one.")
    ] = 40.0,
    decoder: Annotated[
        str,
        typer.Option(
            help="unet, unetplusplus or linknet, of segmentation-models-pytorch; or compact, a U-Net without its "
            "deepest part, much smaller and faster."
        ),
    ] = "unet",
    decoder_channels: Annotated[
        str | None,
        typer.Option(
            help="Of its five stages, deepest first; not of LinkNet. With four, compact ends at half the resolution, "
            "which is faster still.  [default: 256,128,64,32,16; compact 144,96,48,32,16]"
        ),
    ] = None,
    encoder_weights: Annotated[
        str | None,
        typer.Option(help="imagenet, none, or a safetensors file.  [env: TRAINER_ENCODER_WEIGHTS] [default: imagenet]"),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            help="float32.safetensors or float32.onnx of a trained model to go on from, in place of encoder weights; "
            "models/starter/float32.onnx is one. A compact network takes from a U-Net what fits; a U-Net may have more "
            "channels than the one that it starts from."
        ),
    ] = "",
    freeze_encoder_norm: Annotated[
        bool, typer.Option(help="Keep the BatchNorm statistics that came with the encoder's weights.")
    ] = True,
    mixed_precision: Annotated[
        bool,
        typer.Option(
            "--mixed-precision",
            help="Multiply in bfloat16: faster on GPUs and on CPUs with AVX512-BF16 or AMX, slower on others.",
        ),
    ] = False,
    defect_share: Annotated[float, typer.Option(help="Share of the crops centred near a defect.")] = 0.65,
    hard_share: Annotated[
        float,
        typer.Option(
            help="Share of the crops that show what the network of --start gets wrong on the training data: missed "
            "defects and false alarms."
        ),
    ] = 0.0,
    validation_share: Annotated[float, typer.Option(help="Share of builds, or of a build's layers, held back.")] = 0.2,
    validate_every: Annotated[int, typer.Option(help="Steps between validations.")] = 250,
    patience: Annotated[
        int | None, typer.Option(help="Validations without a better network, after which the training ends early.")
    ] = None,
    min_recall: MinRecallOption = None,
    min_precision: MinPrecisionOption = None,
    miss_cost: MissCostOption = None,
    clean_flagged: CleanFlaggedOption = None,
    device: Annotated[DeviceName | None, typer.Option(help="[env: TRAINER_DEVICE] [default: auto]")] = None,
    devices: Annotated[
        int, typer.Option(min=0, help="GPUs, or processes on the CPU, that share the work; 0 takes all.")
    ] = 1,
    nodes: Annotated[
        int, typer.Option(min=1, help="Machines that share the work; the same command is started on each.")
    ] = 1,
    strategy: Annotated[str, typer.Option(help="Of Lightning, by which they share it, as ddp.")] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads; by default all that this process may use.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    resume: Annotated[bool, typer.Option(help="Go on with the run that --work holds.")] = False,
    promote: Annotated[
        bool | None,
        typer.Option(help="Put the new version in service, or not; by default only if there is none in service."),
    ] = None,
    safetensors: Annotated[bool, typer.Option(help="Keep float32.safetensors in the bundle.")] = True,
    progress: Annotated[
        Path | None, typer.Option(help="Write here, as JSON and about once a second, how far the training is.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve /metrics and /health there while training.")
    ] = None,
) -> None:
    """Train a network and publish it as a bundle: float32 and static int8, each with its own operating point.

    Ctrl-C stops cleanly; the same command with --resume goes on.
    """
    settings = load_settings(TrainerSettings, registry_dir=registry, encoder_weights=encoder_weights, device=device)
    from trainer.request import Request  # noqa: PLC0415
    from trainer.run import train_and_publish  # noqa: PLC0415 - torch takes seconds to import
    from trainer.sources import parse_sources  # noqa: PLC0415

    recipe = make_recipe(
        decoder_channels,
        decoder=decoder,
        encoder_weights=settings.encoder_weights,
        start=start,
        scale=scale,
        crop=crop,
        batch=batch,
        steps=steps,
        max_minutes=max_minutes,
        learning_rate=lr,
        encoder_learning_rate=encoder_lr,
        freeze_encoder_norm=freeze_encoder_norm and (bool(start) or settings.encoder_weights != "none"),
        mixed_precision=mixed_precision,
        pos_weight=pos_weight,
        defect_share=defect_share,
        hard_share=hard_share,
        validation_share=validation_share,
        validate_every=validate_every,
        patience=patience,
        seed=seed,
    )
    request = Request(
        sources=parse_sources(
            images,
            masks or [],
            profile,
            weight or [],
            defect_classes or [],
            pastes=paste or [],
            hairlines=hairlines or [],
            labels=labels or [],
            label_classes=label_classes or [],
            label_boxes=label_boxes,
            corrections=corrections or [],
        ),
        recipe=recipe,
        wish=make_wish(
            min_recall=min_recall, min_precision=min_precision, miss_cost=miss_cost, clean_flagged=clean_flagged
        ),
        name=name,
        version=version,
        work=work,
        registry=settings.registry_dir,
        hardware=Hardware(device=settings.device, devices=devices, nodes=nodes, strategy=strategy, threads=threads),
        resume=resume,
        promote=promote,
        keep_safetensors=safetensors,
        progress=progress,
    )
    with ExitStack() as stack:
        if metrics_port is not None:
            stack.enter_context(serve_health(metrics_port, checks={}))
        train_and_publish(request, Console())
