"""A session with a running server: what each command asks, and what it answers.

Run it with `make demo`, or against a server of your own that offers /dev/wd1a.
"""

import netbsd_dm
from netbsd_dm import DMError, TableLine


def show(command: str, answer: object = "done") -> None:
    """Print a command and its answer."""
    print(f"{command:<58} -> {answer}")


def main() -> None:
    """Create a device, map it onto a disk, look at it, and remove it."""
    with netbsd_dm.connect() as dm:
        show("version", dm.version())
        show("targets", ", ".join(f"{name} {version}" for name, version in dm.targets()))
        show("create vol1", f"minor {dm.create('vol1', 'uuid-1')}")

        lines = [TableLine(0, 2048, "linear", "/dev/wd1a 384"), TableLine(2048, 1024, "zero")]
        dm.reload("vol1", lines)
        show(f"reload vol1 '{lines[0]}', '{lines[1]}'")
        show("table vol1, live", dm.table("vol1"))
        show("table vol1, inactive", [str(line) for line in dm.table("vol1", inactive=True)])

        dm.resume("vol1")
        show("resume vol1")
        show("table vol1, live", [str(line) for line in dm.table("vol1")])
        show("deps vol1", [f"{dev >> 8 & 0xFFF}:{dev & 0xFF}" for dev in dm.deps("vol1")])

        dm.rename("vol1", "data")
        show("rename vol1 data")
        show("names", [f"{name} ({minor})" for name, minor in dm.names()])
        show("info data", dm.info("data"))
        try:
            dm.reload("data", [TableLine(0, 8, "linear", "/dev/wd1a 0"), TableLine(16, 8, "zero")])
        except DMError as error:
            show("reload data, with a gap", error)

        dm.remove("data")
        show("remove data")
        try:
            dm.info("data")
        except DMError as error:
            show("info data", error)


if __name__ == "__main__":
    main()
