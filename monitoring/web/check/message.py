"""From uploaded pictures to the message that asks for their inspection. Pure."""

from collections.abc import Sequence
from datetime import datetime

from layerwatch.job import InspectLayer
from layerwatch.layers import CHECK_PRINTER, Capture, LayerKey, LayerSet, Stage
from layerwatch.profile import Profile
from monitoring.web.check.pictures import Picture


def message_about(
    pictures: Sequence[Picture], *, profile: Profile, stage: Stage, now: datetime, suffix: str
) -> InspectLayer:
    """Return the message about one check, a build of its own; its pictures travel with their bytes.

    Args:
        pictures: in the order of their lights; no other light is expected.
        profile: of the printer that they come from.
        stage: after spreading, or after exposure.
        now: when they had come.
        suffix: six hex digits that tell checks of one second apart.
    """
    captures = tuple(
        Capture(
            light=picture.sent.light,
            path=f"{CHECK_PRINTER}/{picture.sent.name}",
            sha256=picture.sha256,
            modified=now,
        )
        for picture in pictures
    )
    layer_set = LayerSet(
        key=LayerKey(printer=CHECK_PRINTER, build=f"{now:%Y%m%d-%H%M%S}-{suffix}", layer=1, stage=stage),
        captures=captures,
        expected_lights=tuple(capture.light for capture in captures),
    )
    message = InspectLayer.about(layer_set, profile=profile, revision=1, settled=now, queued=now)
    sent = tuple(capture.model_copy(update={"sent": "bytes"}) for capture in message.captures)
    return message.model_copy(update={"captures": sent})
