"""Targets: how the sectors of a table entry map onto physical devices.

One file per target.  A target parses its arguments, says where a sector lies
and describes itself; it knows the devices it opened and nothing of the device
it serves or of the protocol.  `registry` finds targets by name, those of
installed packages (entry-point group `netbsd_dm.targets`) included.
(NetBSD: dm_target*.c, driver spec section 5.)
"""
