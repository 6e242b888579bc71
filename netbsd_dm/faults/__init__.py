"""Faults on demand: rules such as `reload nth=2 errno=ENOENT`, and when each one hits.

`rules` is a rule as a value, `text` and `times` are how people write one, `schedule`
decides which of its matches count, `plan` holds the rules of one mapper and is asked at
every command, open and access.  Nothing here fails by itself: who asks does what the
answer says.  There are no dice: the same requests meet the same faults, every time.
"""
