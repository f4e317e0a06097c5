"""The socket that the page listens on."""

import socket

from monitoring.web.server import _listen


def test_no_answer_waits_for_the_browser_to_confirm_its_head() -> None:
    with _listen("127.0.0.1", 0, access="local") as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
