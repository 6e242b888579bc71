"""Recorded sessions: their format, reading and writing them, and what they are good for.

A capture is JSON Lines of property-list text (protocol/capture.md).  `records` are its
lines as JSON, `format` what they mean, `writing` the way back.  `meaning` reads an
exchange, `session` knows the devices between exchanges, `readable` and `showing` tell
it to people.  `journal` is what a server writes, `record` what stands between
clients and a server (`relay`, `recorder`, `upstream`).  `replay` sends the requests to a
server and compares the replies byte for byte, `explain` names what a difference is due
to, `playback` answers clients from a recording alone.  `checking`, `trimming` and
`aligning` are the work of `netbsd-dm capture`.
"""
