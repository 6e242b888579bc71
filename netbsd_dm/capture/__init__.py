"""Recorded sessions: their format, reading and writing them, and what they are good for.

A capture is JSON Lines of property-list text (protocol/capture.md).  `records` are its
lines as JSON, `format` what they mean, `writing` the way back.  `meaning` reads an
exchange, `session` knows the devices between exchanges, `readable` and `showing` tell
it to people.  `replay` sends the requests to a server and compares the replies byte for
byte; `checking`, `trimming` and `aligning` are the work of `netbsd-dm capture`.
"""
