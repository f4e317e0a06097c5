"""Answers in time, or none: of what may hang, as a name server, a share, a server that stands still."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Timely(Generic[T]):
    """Asks in a thread, for as long as one can wait; who asks while an answer is outstanding waits for the same one.

    So however often it is asked, no more than one thread hangs.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        """Ask nothing yet; `ask` answers, raises, or hangs."""
        self._ask = ask
        self._lock = threading.Lock()
        self._outstanding: Future[T] | None = None

    def within(self, seconds: float) -> T:
        """Return the answer.

        Raises:
            TimeoutError: there is none in time.
            Exception: whatever asking raised.
        """
        return self.begin().result(seconds)

    def begin(self) -> Future[T]:
        """Ask, unless somebody waits for an answer already."""
        with self._lock:
            if self._outstanding is None or self._outstanding.done():
                self._outstanding = Future()
                threading.Thread(target=self._answer, args=(self._outstanding,), name="timely", daemon=True).start()
            return self._outstanding

    def _answer(self, outstanding: Future[T]) -> None:
        try:
            outstanding.set_result(self._ask())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            outstanding.set_exception(error)
