"""The server: a control socket, its connections and their peers, in trio.

`conversation` is one connection without input or output: it frames, and a responder
(`responding`) answers, which is the device mapper with its faults and journals
(`control`), or a recording.  `monitor` answers those who look at the server.
`listener` owns the socket file, `connection` moves bytes, `control_socket` has a task
for each client, `ticking` moves the clock, `serving` holds every task.  `nbd` and what
begins with it export the mapped devices.  `processes` and `running` do what concerns
other processes: pid file, --exit-with-parent, --run and exec.
"""
