"""What becomes of a trained bundle: published once, however often the run was killed, and promoted through the gate."""

from pathlib import Path

from rich.console import Console

from layerwatch.registry import Registry
from trainer.gate import Gate
from trainer.request import Request


def published_already(request: Request, console: Console) -> Path | None:
    """Return where a run that is resumed put its bundle before it was killed, None where it did not come so far."""
    registry = Registry(request.registry)
    if not request.resume or request.version not in registry.versions(request.name):
        return None
    place = registry.resolve(f"{request.name}/{request.version}")
    console.print(f"{request.name}/{request.version} is published in {place} already, there is nothing left to train")
    return place


def promote_if_wished(request: Request, bundle: Path, console: Console) -> None:
    """Put a published bundle in service if that is wished, or nothing is in service yet, and it passes the gate."""
    registry = Registry(request.registry)
    current, version = registry.current(request.name), bundle.name
    if current == version or not (request.promote or (request.promote is None and current is None)):
        return
    # Without a regression set the wish counts; `python -m trainer promote` is stricter, nobody waits for it.
    gate = Gate(registry=registry, without_regression=True, threads=request.hardware.threads, console=console)
    result = gate.promote(request.name, version)
    if result.passed:
        console.print(f"{result.bundle} is in service now, measured on {result.measured_on}")
        return
    console.print(f"[bold]{result.bundle} is not promoted;[/bold] {result.current or 'nothing'} stays in service:")
    for check in result.checks:
        if not check.passed:
            console.print(f"  {check.name}: {check.said}", markup=False)
