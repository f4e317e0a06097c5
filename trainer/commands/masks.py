"""The `masks` command."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from layerwatch.atomic import write_atomic
from layerwatch.layers import Stage
from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.options import RegistryOption
from trainer.regenerate.method import DEFAULT, Method
from trainer.settings import TrainerSettings


@app.command()
def masks(  # noqa: PLR0913 - one parameter an option
    pictures: Annotated[Path, typer.Argument(metavar="SRC", help="Folder of pictures as the printer wrote them.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder for the masks, new, empty or of an earlier run.")
    ],
    *,
    profile: Annotated[str, typer.Option(help="Profile of the printer: a shipped name or a TOML file.")],
    method: Annotated[
        list[Method] | None,
        typer.Option(
            help=f"How; repeatable: masks of the first are written, the others are only measured.  [default: {DEFAULT}]"
        ),
    ] = None,
    votes: Annotated[
        int | None, typer.Option(min=1, help="Lights that have to agree for contrast; by default the majority.")
    ] = None,
    bundle: Annotated[
        str, typer.Option(help="The trained network: directory of a bundle, or NAME or NAME/VERSION in the registry.")
    ] = "models/starter",
    registry: RegistryOption = None,
    stage: Annotated[list[Stage] | None, typer.Option(help="Only this stage; repeatable; by default both.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Folder of true masks, LLLLLL_STAGE.png, to measure against; as the simulator writes them."),
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Measure every method there is.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Write a PNG of pictures beside their masks.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write density and figures here as JSON.")] = None,
) -> None:
    """Make masks from the pictures alone, where nobody has drawn any: PRINTER_BUILD_LLLLLL_STAGE.png in OUT.

    255 is a defect, 0 is clean, 128 is left open: training and figures ignore it. Such masks are a start, no truth:
    look at them with --sheet. A network that learns from what another one marked learns its mistakes too; what nothing
    learned sees and the network does not is left open, and with --method contrast no network has a say.

    Example:
    python -m trainer masks pictures/build7 masks/build7 --profile nist-ammt --sheet sheet.png

    How good is it? On a simulated build with its truth:
    python -m trainer masks data/seed1 masks/seed1 --profile nist-ammt --truth data/seed1-truth --compare
    """
    from layerwatch.registry import Registry  # noqa: PLC0415
    from trainer.regenerate.run import Order, as_json, make_masks  # noqa: PLC0415 - slow to import
    from trainer.regenerate.tables import print_outcome  # noqa: PLC0415

    wanted = [*(method or [DEFAULT]), *(Method if compare else ())]
    settings = load_settings(TrainerSettings, registry_dir=registry)
    needed = any(each.learned for each in wanted)
    order = Order(
        pictures=pictures,
        target=target,
        profile=profile,
        methods=tuple(dict.fromkeys(wanted)),
        votes=votes,
        bundle=Registry(settings.registry_dir).resolve(bundle) if needed else None,
        stages=frozenset(stage or ()),
        truth=truth,
    )
    console = Console()
    outcome = make_masks(order, console)
    print_outcome(outcome, console)
    if json_file is not None:
        write_atomic(json_file, (json.dumps(as_json(order, outcome), indent=1) + "\n").encode())
    if sheet is not None:
        write_atomic(sheet, outcome.sheet.png())
