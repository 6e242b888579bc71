"""Speed, measured against a bare trio echo server in the same run (`make bench`).

`frames` builds the requests, `load` sends them, `servers` starts what answers,
`report` prints; `__main__` puts them together.  Nothing here is a test.
"""
