"""Libraries that would report their use to their makers, kept from it."""

import os
import sys


def keep_silent() -> None:
    """Keep OpenVINO, NNCF and albumentations from reporting or asking; to be called before they are imported.

    OpenVINO takes its telemetry for absent if the import fails; NNCF leaves it out where it believes itself tested;
    albumentations asks for its newest release, if nobody says that it shall not.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None is Python's mark for "no import"
    os.environ["NNCF_CI"] = "1"
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
