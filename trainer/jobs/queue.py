"""The queue "train" on RQ: JSON, never pickle; who submits needs nothing of what the job needs."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from redis import Redis
from rq import Queue, Retry
from rq.job import Job
from rq.serializers import JSONSerializer

from layerwatch.errors import TrainingError
from layerwatch.promotions import who
from trainer.jobs.board import Board, State
from trainer.jobs.message import TRAIN_MODEL_JOB, TRAIN_QUEUE, TrainModel

RETRIES: Final = 10  # after a kill each goes on from the checkpoint; what never can work is not tried again
FAILURE_TTL_SECONDS: Final = 30 * 24 * 3600


def train_queue(client: Redis, job_class: type[Job] = Job) -> Queue:
    """Return the queue as both ends see it."""
    return Queue(TRAIN_QUEUE, connection=client, serializer=JSONSerializer, job_class=job_class)


def new_message(name: str, version: str | None, options: Mapping[str, Sequence[str]]) -> TrainModel:
    """Return a message with a new id; it is the version too, where none is wished."""
    now = datetime.now(UTC)
    job_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    return TrainModel.from_wire(
        {
            "schema": 1,
            "id": job_id,
            "name": name,
            "version": version or job_id,
            "options": options,
            "submitted": now,
            "by": who(),
        }
    )


def submit(client: Redis, message: TrainModel) -> None:
    """Put a job on the queue."""
    Board(client).open(message)
    train_queue(client).enqueue(
        TRAIN_MODEL_JOB,
        message.to_wire(),
        job_id=message.id,
        unique=True,
        retry=Retry(max=RETRIES),
        job_timeout=-1,  # hours or days; what stops it are kills and people
        result_ttl=0,
        failure_ttl=FAILURE_TTL_SECONDS,
    )


def cancel(client: Redis, job_id: str) -> State:
    """Cancel a job and return its state: cancelled at once where it waits, soon where it runs.

    Raises:
        TrainingError: there is no such job, or it is over.
    """
    board = Board(client)
    shown = board.read(job_id)
    if not shown:
        raise TrainingError(f"there is no job {job_id}; `python -m trainer jobs` lists them")
    state = State(shown["state"])
    if state.over:
        raise TrainingError(f"job {job_id} is {state} already")
    board.ask_to_cancel(job_id)
    queue = train_queue(client)
    if client.lrem(queue.key, 1, job_id):  # it waited; had a worker been quicker, the worker would have read the wish
        job = queue.fetch_job(job_id)
        if job is not None:
            job.delete()
        board.say(job_id, State.CANCELLED)
        return State.CANCELLED
    return state
