"""What kind of file system a folder lies on, as the kernel tells it."""

import os
import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
WITHOUT_EVENTS: Final = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "beegfs", "gpfs", "9p", "virtiofs",
    "vboxsf", "prl_fs", "drvfs", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs", "fuse.davfs",
    "fuse.vmhgfs-fuse", "fuse.grpcfuse", "fuse.osxfs", "fakeowner",
})  # fmt: skip
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def tells_no_events(folder: Path) -> str | None:
    """Return the kind of file system of a folder if others write to it unheard, None if it is not known to be so."""
    try:
        kind = file_system(folder, MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return None  # no Linux
    return kind if kind in WITHOUT_EVENTS else None


def file_system(folder: Path, mountinfo: str) -> str | None:
    """Return the kind of file system that a mount table names for a folder; later lines lie over earlier ones."""
    found: tuple[int, str] | None = None
    for line in mountinfo.splitlines():
        fields, separator, rest = line.partition(" - ")
        if not separator or len(fields.split(" ")) < 5:
            continue
        point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields.split(" ")[4]))
        depth = len(point.parts)
        if Path(os.path.abspath(folder)).is_relative_to(point) and (found is None or depth >= found[0]):  # noqa: PTH100 - resolve() would ask a share that stalls
            found = depth, rest.split(" ")[0]
    return found[1] if found else None
