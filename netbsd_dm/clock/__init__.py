"""Time, as everything in the server that waits for it knows it: `timers` has the clocks.

A clock calls back; it knows no thread and no event loop.  That of the wall is moved
on by whoever runs the server, the manual one by a test, who decides how fast a
minute passes.
"""
