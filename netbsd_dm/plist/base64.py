"""The text of `<data>`: strict base64, blanks anywhere."""

import binascii

from .errors import PlistError
from .numbers import parse_integer


def decode_data(text: str, size: str | None = None) -> bytes:
    """The bytes of a `<data>` element; `size` is its size attribute, if it has one.

    proplib wants exact padding, no stray bits after the last byte, and a size
    attribute that is true.  Raises `PlistError`.
    """
    compact = "".join(text.split())
    try:
        data = binascii.a2b_base64(compact.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise PlistError("<data> is no base64 with exact padding") from None
    if encode_data(data) != compact:
        raise PlistError("<data> has bits after its last byte")
    if size is not None and (not size or parse_integer(size) != len(data)):
        raise PlistError(f"<data> has {len(data)} bytes, its size attribute says {size!r}")
    return data


def encode_data(data: bytes) -> str:
    """One line of base64 without a line feed."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")
