"""A report as one HTML document that needs nothing else: no script, no network, pictures inside."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from layerwatch.artifacts import Artifacts
from layerwatch.layers import LayerKey
from layerwatch.report import EventNote, ReportedLayer, ReportHead
from layerwatch.verdict import Decision
from monitoring.event_words import EVENT_WORDS
from monitoring.report import words
from monitoring.report.counting import STAGES
from monitoring.report.drawing import area_figure, verdict_figure
from monitoring.report.findings import LISTED, Findings, told_event
from monitoring.report.gathering import Gathered
from monitoring.report.overlays import Shown, shown_overlay
from monitoring.rows import area_text, seconds_text

ROWS_TOGETHER = 500  # a browser lays out a table of all rows at once
PIECES_TOGETHER = 64


def html_parts(report: Gathered, artifacts: Artifacts) -> Iterator[bytes]:
    """Yield the document piece by piece.

    Raises:
        OSError: the artifacts cannot be read now.
    """
    findings = Findings(report.head.stages)
    for layer in report.layers():
        findings.add(layer)
    document = _templates().get_template("report.html").stream(
        head=report.head,
        conclusion=words.conclusion(report.head),
        sentences=words.summary(report.head),
        verdict_figure=verdict_figure(findings.strip),
        area_figure=area_figure(findings.strip),
        findings=findings,
        pictures=[(layer, _picture(artifacts, report.head, layer)) for layer in findings.worst],
        events=[(event, told_event(event)) for event in report.head.events[:LISTED]],
        missing=_missing(report.head),
        noted={each.subject: each.author for each in report.head.acknowledgements},
        event_of={event.id: _event_name(event) for event in report.head.events},
        tables=_chunks(report.layers()),
    )  # fmt: skip
    document.enable_buffering(PIECES_TOGETHER)
    return (piece.encode() for piece in document)


def _picture(artifacts: Artifacts, head: ReportHead, layer: ReportedLayer) -> Shown:
    key = LayerKey(printer=head.printer, build=head.build, layer=layer.layer, stage=layer.stage)
    return shown_overlay(artifacts, key, layer.overlay)


def _missing(head: ReportHead) -> list[tuple[str, int, str]]:
    """Return for each stage with gaps its name, how many layers are missing, and which."""
    found = []
    for stage in STAGES:
        gaps = [(gap.first, gap.last) for gap in head.gaps if gap.stage is stage]
        if gaps:
            count = sum(last - first + 1 for first, last in gaps)
            found.append((stage.value, count, words.ranges_text(gaps, shown=LISTED)))
    return found


def _event_name(event: EventNote) -> str:
    where = "" if event.layer is None else f", layer {event.layer}"
    return f"{EVENT_WORDS.get(event.kind, event.kind)}{where}"


def _chunks(layers: Iterable[ReportedLayer]) -> Iterator[list[ReportedLayer]]:
    remaining = iter(layers)
    while chunk := list(islice(remaining, ROWS_TOGETHER)):
        yield chunk


def _templates() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("monitoring.report"), PackageLoader("monitoring.web")]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "area": area_text,
        "seconds": seconds_text,
        "moment": words.moment_text,
        "subject": words.subject_text,
        "count_layers": words.layers_text,
    }
    environment.filters.update(filters)
    environment.globals.update(
        decisions=tuple(Decision),
        stage_words=words.STAGE_WORDS,
        event_words=EVENT_WORDS,
        period=words.period_text,
        share=words.share_text,
        listed=LISTED,
    )
    return environment
