import subprocess
import sys
from pathlib import Path

from layerwatch.bundle import load_manifest


def test_ctrl_c_is_heard_after_the_first_of_two_networks_was_dropped_first(tiny_bundle: Path) -> None:
    program = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from trainer.engines import openvino_engine\n"
        "onnx = Path(sys.argv[1]).read_bytes()\n"
        "one, other = openvino_engine(onnx), openvino_engine(onnx)\n"
        "del one\n"
        "del other\n"
        "try:\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "except KeyboardInterrupt:\n"
        "    print('heard')\n"
    )
    network = tiny_bundle / load_manifest(tiny_bundle).model_file("float32")

    done = subprocess.run(
        [sys.executable, "-c", program, str(network)], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
