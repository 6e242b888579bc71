"""The five entities, and bytes that are no UTF-8."""

import re

from .errors import PlistError

_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "apos": "'", "quot": '"'}
_ENTITY = re.compile(r"&(?:(amp|lt|gt|apos|quot);)?")


def unescape(text: str) -> str:
    """`text` with its entities replaced; raises `PlistError` for any other `&`."""
    return _ENTITY.sub(_replace, text) if "&" in text else text


def _replace(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        excerpt = match.string[match.start() : match.start() + 12]
        raise PlistError(f"{excerpt!r}: only &amp; &lt; &gt; &quot; &apos; are entities")
    return _ENTITIES[name]


def escape(text: str) -> str:
    """`text` as proplib writes it: quotes and control characters stay raw."""
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def to_text(data: bytes) -> str:
    """Bytes as text; what is no UTF-8 becomes surrogate escapes."""
    return data.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """The inverse of `to_text`; raises `PlistError` for what no bytes give."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise PlistError(f"a string has a lone surrogate: {error.object[error.start]!r}") from None


def cut_bytes(text: str, length: int) -> str:
    """The first `length` bytes of `text`, even where that splits a character."""
    if len(text) * 4 <= length:
        return text
    return to_text(to_bytes(text)[:length])
