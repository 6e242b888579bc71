"""The command netbsd-dmsetup: NetBSD's dmsetup, talking to our server.

The model is dmsetup of lvm2tools 2.02.56: its verbs, options, texts and exit status,
and the requests that its library makes of them (driver spec section 8).  `program`
runs a command line, `options` reads it, `verbs` is the table of what can be said.
The verbs are in `changing`, `targeting`, `lines`, `showing` and `udev`; each gets a
`context`.  `session` sends requests as libdevmapper does, `device` is what it makes of
a reply.  `report` prints `columns`, `drawing` a `tree`.
Nothing here imports typer, trio or lxml.
"""

from .program import main

__all__ = ["main"]
