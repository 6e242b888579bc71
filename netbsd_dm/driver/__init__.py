"""The device mapper: devices with two table slots, and the commands on them.

`mapper` is the way in; `commands` has one function per command, `profile` the
choices in which NetBSD 9 and the documented protocol differ, `device`,
`devices` and `table` the state.  It touches neither file nor socket, and never
waits: a command that would returns a `Pending` reply instead.
"""
