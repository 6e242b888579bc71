"""What client and server must agree on, without any input or output.

`keys` and `flags` name the parts of a dictionary once, `errors` the failures,
`fields` reads values as the driver does, `framing` cuts a byte stream into
requests, `address` says where the socket is, `calls` and `replies` are the
typed view of every command, `monitoring` and `state` that of the requests that
look at a server.
"""
