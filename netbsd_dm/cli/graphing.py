"""netbsd-dm graph: the picture of what stands on what, as a file."""

import sys
from pathlib import Path

from .looking import looking, selected
from .options import fail
from .picture.choice import LINES_MAX, choose
from .picture.layout import lay_out
from .picture.painting import paint_picture
from .standing import Standing


def write_graph(names: list[str], svg: Path, socket: Path | None) -> None:
    """Write the picture of those devices, or of all."""
    with looking(socket) as monitor:
        state = monitor.state(LINES_MAX)
    standing = Standing(state)
    choice = choose(map(standing.node, selected(state.devices, names)))
    headline = f"netbsd-dm, profile {state.profile}: sectors of 512 bytes"
    text = paint_picture(lay_out(choice), choice.left_out, headline) + "\n"
    if str(svg) == "-":
        sys.stdout.buffer.write(text.encode())
        return
    try:
        svg.write_bytes(text.encode())
    except OSError as error:
        fail(f"cannot write {svg}: {error.strerror}")
