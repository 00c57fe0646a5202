"""Is a path on a network file system? SQLite's locks and shared memory do not hold there (Sonarr/Sonarr#1886)."""

import re
from pathlib import Path

__all__ = ["network_file_system", "read_mounts"]

NETWORK = {
    *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "ncp", "coda", "ceph", "glusterfs"),
    *("lustre", "gpfs", "beegfs", "orangefs", "pvfs2", "ocfs2", "gfs2", "davfs", "davfs2", "vboxsf", "prl_fs"),
    "vmhgfs",
}
# FUSE names what is behind it; these reach over a network or keep no locks.
NETWORK_FUSE = {
    *("sshfs", "s3fs", "rclone", "glusterfs", "goofys", "gcsfuse", "blobfuse", "blobfuse2", "ceph", "cephfs"),
    *("davfs", "davfs2", "curlftpfs", "smbnetfs", "mount-s3", "juicefs", "moosefs", "seaweedfs", "vmhgfs-fuse"),
    *("grpcfuse", "osxfs"),
}


def read_mounts() -> str:
    """The kernel's table of mounts; "" where there is none (not Linux: then nothing is recognised)."""
    try:
        return Path("/proc/self/mounts").read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def network_file_system(path: Path, mounts: str) -> str:
    """The type of the network file system that holds `path`, "" if it is none. `mounts` as in /proc/self/mounts."""
    real, best, kind = path.resolve(), -1, ""
    for line in mounts.splitlines():
        _, point, found, options, *_ = [*line.split(" "), "", "", "", ""]
        mount = Path(_plain(point)) if point else None
        # A later mount on the same point hides the earlier one.
        if mount is not None and real.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), found if _reaches_out(found, options) else ""
    return kind


def _reaches_out(kind: str, options: str) -> bool:
    if kind == "9p":  # a sandbox's own root speaks 9p over a file descriptor; Windows drives do too, and lose locks
        return "trans=fd" not in options or "aname=drvfs" in options
    return kind.lower() in NETWORK or kind.partition("fuse.")[2].lower() in NETWORK_FUSE


def _plain(point: str) -> str:
    """Undo the octal escapes of spaces, tabs, newlines and backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), point)
