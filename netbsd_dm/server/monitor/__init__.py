"""Looking at a running server, and steering what a test steers: faults and time.

`requests` answers dictionaries that have the key `netbsd-dm` instead of a command
(protocol/monitor.md); `state` is everything there is to see, `tail` the journal as it
is written.  They come over the control socket, in every profile, and leave no trace
in the devices or in a journal.
"""
