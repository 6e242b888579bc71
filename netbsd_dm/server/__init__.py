"""The server: a control socket, its connections and their peers, in trio.

`conversation` is one connection without input or output; `listener` owns the
socket file, `connection` moves bytes, `serving` holds every task, `processes`
does what concerns other processes: pid file, --run, --exit-with-parent.
"""
