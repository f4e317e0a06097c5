"""A bundle through the gate: checked, measured beside the one in service, and promoted or refused in one step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from layerwatch.bundle import load_manifest
from layerwatch.errors import BundleError
from layerwatch.promotions import Check
from layerwatch.registry import Registry
from trainer.evaluating import evaluate_bundle
from trainer.promotion import GateResult, Limits, compare_bundles, compare_precisions
from trainer.regression import load_regression
from trainer.self_test import check_bundle
from trainer.sources import Source
from trainer.summary import Report
from trainer.wish import COUNTED_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What stands between a published version and service.

    Attributes:
        sources: data with known truth to measure on where the registry has no regression set for the name.
        without_regression: where there is no data at all, ask for nothing more than a whole bundle and live networks.
        limits: what a candidate may lose.
        threads: CPU threads; None for all.
        console: gets the progress.
    """

    registry: Registry
    sources: Sequence[Source] = ()
    without_regression: bool = False
    limits: Limits = field(default_factory=Limits)
    threads: int | None = None
    console: Console

    def promote(self, name: str, version: str) -> GateResult:
        """Put a version in service if it passes every check; the log says how it went, otherwise nothing changes.

        Raises:
            BundleError: there is no such version.
            TrainingError: the regression set is not there or has changed.
        """
        result = self._judge(self.registry.resolve(f"{name}/{version}"))
        if result.passed:
            self.registry.promote(name, version, result.checks)
        else:
            self.registry.refuse(name, version, result.checks)
        return result

    def _judge(self, candidate: Path) -> GateResult:
        manifest = load_manifest(candidate)
        current = self.registry.current(manifest.name)
        sources, measured_on = self._data(manifest.name)
        checks = [*check_bundle(candidate), *self._about_data(sources)]
        report = current_report = None
        if sources and all(check.passed for check in checks):  # what is broken is not worth the time to measure it
            report = self._measure(candidate, sources)
            checks.extend(compare_precisions(report, self.limits))
            if current is not None and current != manifest.version:
                try:
                    current_report = self._measure(self.registry.resolve(manifest.name), sources)
                    checks.extend(compare_bundles(report, current_report, self.limits))
                except BundleError as error:  # a broken bundle in service is a reason to replace it
                    checks.append(Check(name="against the one in service", passed=True, said=f"not compared: {error}"))
        return GateResult(
            bundle=manifest.id,
            current=f"{manifest.name}/{current}" if current else None,
            measured_on=measured_on,
            checks=tuple(checks),
            report=report,
            current_report=current_report,
        )

    def _data(self, name: str) -> tuple[Sequence[Source], str]:
        regression = load_regression(self.registry.root, name)
        if regression is not None:
            layer_sets = regression.layer_sets()  # says so if they are no longer what was frozen
            return regression.sources(), f"the regression set of {name}, {len(layer_sets)} layer sets"
        return self.sources, ", ".join(source.images.name for source in self.sources) or "nothing"

    def _about_data(self, sources: Sequence[Source]) -> Iterator[Check]:
        if sources:
            return
        said = (
            "measured on no picture, as wished"
            if self.without_regression
            else "there is nothing to measure on: freeze a set with `python -m trainer regression`, give --images and "
            "--masks, or say --without-regression"
        )
        yield Check(name="regression set", passed=self.without_regression, said=said)

    def _measure(self, bundle: Path, sources: Sequence[Source]) -> Report:
        report, _ = evaluate_bundle(
            bundle,
            sources,
            precisions=tuple(load_manifest(bundle).operating_points),
            counted_px=COUNTED_PX,
            threads=self.threads,
            console=self.console,
        )
        return report
