"""Pictures are made a few at a time, kept while there is room, and not at all for who has left."""

import asyncio
import threading

from monitoring.web.build.making import Kept, PictureMaking


async def stays() -> bool:
    return False


async def left() -> bool:
    return True


def test_what_was_asked_for_last_is_kept_in_so_many_bytes() -> None:
    kept = Kept(100)
    for name in "abc":
        kept.put(name, bytes(40))
        kept.get("a")

    assert [kept.get(name) is not None for name in "abc"] == [True, False, True]


def test_putting_the_same_again_takes_no_more_room() -> None:
    kept = Kept(100)
    for _ in range(5):
        kept.put("a", bytes(60))
    kept.put("b", bytes(40))

    assert kept.get("a") == bytes(60)


def test_what_is_larger_than_the_room_is_not_kept() -> None:
    kept = Kept(100)
    kept.put("a", bytes(101))
    kept.put("b", bytes(100))

    assert (kept.get("a"), kept.get("b")) == (None, bytes(100))


def test_what_is_kept_is_not_made_again() -> None:
    made: list[str] = []

    async def ask() -> list[bytes | None]:
        making = PictureMaking()

        def make() -> bytes:
            made.append("once")
            return b"jpeg"

        return [await making.made("key", make, gone=stays) for _ in range(3)]

    assert asyncio.run(ask()) == [b"jpeg"] * 3
    assert made == ["once"]


def test_no_more_are_made_at_once_than_there_are_turns() -> None:
    lock, running, most = threading.Lock(), 0, 0
    full = threading.Barrier(2)

    def make() -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait(timeout=10)
        with lock:
            running -= 1
        return b"jpeg"

    async def ask() -> None:
        making = PictureMaking(at_once=2)
        await asyncio.gather(*(making.made(number, make, gone=stays) for number in range(6)))

    asyncio.run(ask())

    assert most == 2


def test_nothing_is_made_for_a_reader_who_left_while_waiting() -> None:
    async def ask() -> bytes | None:
        return await PictureMaking().made("key", lambda: b"jpeg", gone=left)

    assert asyncio.run(ask()) is None


def test_an_error_gives_the_turn_back_and_is_not_kept() -> None:
    def fail() -> bytes:
        raise ValueError("no picture")

    async def ask() -> bytes | None:
        making = PictureMaking(at_once=1)
        await asyncio.gather(making.made("key", fail, gone=stays), return_exceptions=True)
        return await making.made("key", lambda: b"jpeg", gone=stays)

    assert asyncio.run(ask()) == b"jpeg"
