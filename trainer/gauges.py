"""How a training run goes, for /metrics."""

from prometheus_client import Gauge

from trainer.checkpoint import Progress

STEP = Gauge("layerwatch_training_step", "Steps done by the running training.")
SPENT = Gauge("layerwatch_training_spent_ratio", "Share of the steps or minutes of the running training that is used.")
LOSS = Gauge("layerwatch_training_loss", "Loss of the last step.")
PRECISION = Gauge("layerwatch_training_average_precision_ratio", "Pixel average precision of the last validation.")


def show(run: Progress, loss: float) -> None:
    """Set the gauges to where a run stands."""
    STEP.set(run.step)
    SPENT.set(run.spent)
    LOSS.set(loss)
    measured = [point.average_precision for point in run.curve if point.average_precision is not None]
    if measured:
        PRECISION.set(measured[-1])
