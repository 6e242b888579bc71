"""The NBD protocol, server side, without input or output.

`handshake` is the fixed newstyle negotiation, `requests` finds the requests in
what was received, `replies` builds the answers, `exports` says what can be asked
for.  `fastlane` answers small requests straight from the receive buffer, where
neither disk nor device makes them wait.  Names and numbers are those of the
protocol document (doc/proto.md of the NBD project), in `constants`.
"""
