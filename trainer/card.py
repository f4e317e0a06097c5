"""The model card: what a model is for, what it was trained and measured on, and where it ends."""

from collections.abc import Iterator, Mapping
from typing import Any

from layerwatch.bundle import Manifest

CARD = "model-card.md"
EVALUATION = "evaluation"


def model_card(manifest: Manifest) -> str:
    """Return the card in Markdown, from nothing but the manifest."""
    parts = (_head(manifest), _data(manifest.lineage), _points(manifest), _measured(manifest), _limits(), _again())
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(manifest: Manifest) -> Iterator[str]:
    yield f"# Model {manifest.name}, version {manifest.version}"
    yield ""
    yield f"{manifest.architecture}. It marks defects in pictures of metal powder-bed layers, after recoating and after"
    yield f"exposure, seen at {manifest.input.scale:g} of the pictures' size. Channels: {manifest.input.channels}."
    yield "It helps an operator to look at the right layers. It does not replace the inspection of a part."
    yield ""


def _data(lineage: Mapping[str, Any]) -> Iterator[str]:
    data = lineage.get("data", {})
    yield "## Trained on"
    yield ""
    yield "| pictures | masks | profile | layer sets | with defects | builds | share of the crops |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for source in data.get("sources", ()):
        weight = "by number" if source["weight"] is None else f"{source['weight']:g}"
        cells = (source["images"], source["masks"], source["profile"], source["layer_sets"], source["with_defects"])
        yield f"| {' | '.join(map(str, (*cells, source['builds'], weight)))} |"
    yield ""
    rules = "; ".join(data.get("split", ()))
    yield f"Held back for validation: {data.get('validation_layer_sets')} layer sets ({rules})."
    if lineage.get("steps") == 0:
        yield "It took its weights over from another network, without a step. Recipe and hashes are in bundle.json."
    else:
        yield f"{lineage.get('steps')} steps in {lineage.get('minutes')} minutes. Recipe and hashes are in bundle.json."
    yield ""


def _points(manifest: Manifest) -> Iterator[str]:
    yield "## Operating points"
    yield ""
    yield (
        "| precision | threshold | certain on average from | beside such a region from | smallest region | review "
        "| reject | pixel recall | pixel precision | on |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for precision, point in manifest.operating_points.items():
        limits = point.limits
        areas = f"{limits.min_region_px} px | {limits.review_px} px | {limits.reject_px} px"
        figures = f"{point.recall:.3f} | {point.precision:.3f}"
        certain = f"{max(limits.certain_mean_confidence, limits.min_mean_confidence):.3f}"
        certain += f" | {limits.min_mean_confidence:.3f}"
        yield f"| {precision} | {point.threshold:.3f} | {certain} | {areas} | {figures} | {point.measured_on} |"
    validation = manifest.metrics.get("validation", {})
    yield ""
    for precision, figures in validation.items():
        yield (
            f"- {precision}: pixel average precision {figures['average_precision']:.3f}, region recall "
            f"{figures['region_recall']:.3f}, clean sets flagged {figures['clean_flagged']:.3f} in validation, "
            "where the point was chosen: expect a little less on new data."
        )
    yield ""


def _measured(manifest: Manifest) -> Iterator[str]:
    evaluations: Mapping[str, Any] = manifest.metrics.get(EVALUATION, {})
    if not evaluations:
        return
    yield "## Measured on data that training never saw"
    yield ""
    yield (
        "| data | precision | regions found | clean sets flagged "
        "| average precision of pixels | recall, precision of pixels |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, evaluation in evaluations.items():
        for precision, figures in evaluation["precisions"].items():
            yield f"| {name} | {precision} | {' | '.join(_cells(figures))} |"
    yield ""
    yield "In brackets the 95 % interval: Wilson's for shares, by bootstrap over layer sets for the average precision."
    smallest = sorted({one["counted_px"] for each in evaluations.values() for one in each["precisions"].values()})
    yield (
        f"True regions of {' or '.join(map(str, smallest))} px and more are asked for; one counts as found where the "
        "prediction covers a fifth of it."
    )
    yield "Found regions by kind:"
    yield ""
    for name, evaluation in evaluations.items():
        yield from _kinds(name, evaluation["precisions"])
        if evaluation["agreement"]:
            yield f"- {name}, same decision by all precisions: {_share(evaluation['agreement'])}"
        if equal := evaluation.get("equal_precision"):
            recalls = ", ".join(f"{precision} {recall:.4f}" for precision, recall in equal["recalls"].items())
            yield f"- {name}, pixel recall where all have a precision of {equal['precision']:.3f}: {recalls}"
    yield ""


def _cells(figures: Mapping[str, Any]) -> Iterator[str]:
    yield _share(figures["regions_found"])
    yield _share(figures["clean_flagged"])
    pixels = figures["all"]["pixels"]
    yield _estimate(pixels["average_precision"])
    yield ", ".join(_value(pixels[key]) for key in ("recall", "precision"))


def _kinds(name: str, precisions: Mapping[str, Any]) -> Iterator[str]:
    for precision, figures in precisions.items():
        found = ((kind, one["regions_found"]) for kind, one in figures["kinds"].items())
        shares = (f"{kind} {share['count']} of {share['of']}" for kind, share in found)
        yield f"- {name}, {precision}: {', '.join(shares)}"


def _estimate(value: Mapping[str, Any]) -> str:
    return f"{_value(value)} [{value['low']:.3f}, {value['high']:.3f}]" if value["value"] is not None else _value(value)


def _value(value: Mapping[str, Any]) -> str:
    return "none to count" if value["value"] is None else f"{value['value']:.3f}"


def _share(share: Mapping[str, Any]) -> str:
    if not share["of"]:
        return "none to count"
    return f"{share['ratio']:.1%} [{share['low']:.1%}, {share['high']:.1%}], {share['count']} of {share['of']}"


def _limits() -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield "- Models of this kind lose most of their worth on a machine, material or lighting that they never saw."
    yield "  Measure on your own pictures (`python -m trainer evaluate`), then train on them."
    yield "- Lights with most of the plate saturated show little: defects there are missed."
    yield "- Areas and limits are in pixels of the picture; they mean another size under another camera."
    yield ""


def _again() -> Iterator[str]:
    yield "## Again"
    yield ""
    yield "bundle.json has recipe, seed, library versions and the hashes of data and code. The commands of the models"
    yield "that are shipped are in `models/README.md`."
