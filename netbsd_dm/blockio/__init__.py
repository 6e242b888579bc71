"""Block I/O: a range of bytes of a mapped device, down to the files it lies on.

`layout` finds where a byte lies, from the live table through stacked devices, as
windows; `extents` cuts a range along them; `access` is one request under way,
with everything it needs kept open; `operations` does it; `volume` is what others
use: a device that is open.  `passages` are all devices that an access comes by, for
faults on demand.  `nodes` are NetBSD's two device nodes, with their
own rules.  Nothing here waits for a device: one that is suspended raises
`HeldError`, and whoever can wait does.
(NetBSD: dmstrategy in device-mapper.c, driver spec section 4.5.)
"""
