"""The argument of --device: NAME=FILE[,dev=MAJOR:MINOR][,ro]."""

import re
from collections.abc import Iterable
from pathlib import Path

import typer

from ..pdev.catalog import Offer
from ..pdev.devnum import makedev
from ..pdev.file import require_disk
from ..pdev.registry import MAPPER_DIRECTORY
from ..wire.errors import DMError

_DEV = re.compile(r"dev=(\d+):(\d+)")
_FORM = "NAME=FILE[,dev=MAJOR:MINOR][,ro]"


def parse_devices(texts: Iterable[str]) -> list[Offer]:
    """The offers that `texts` make; raises `typer.BadParameter` if two of them clash."""
    offers: list[Offer] = []
    for text in texts:
        offer = parse_device(text)
        for other in offers:
            if offer.name == other.name:
                raise _bad(f"{offer.name} is offered twice")
            if offer.dev is not None and offer.dev == other.dev:
                raise _bad(f"{other.name} and {offer.name} have the same dev=")
        offers.append(offer)
    return offers


def parse_device(text: str) -> Offer:
    """The offer that `text` makes; raises `typer.BadParameter` saying how to write it.

    Options are taken off the end, so a file name may hold commas.
    """
    name, equals, rest = text.partition("=")
    if not name or not equals or not rest:
        raise _bad(f"{text!r} is not of the form {_FORM}")
    if name.split() != [name]:
        raise _bad(f"{name!r}: a name with blanks cannot be written in a table")
    if name.startswith(MAPPER_DIRECTORY):
        raise _bad(f"{name}: names below {MAPPER_DIRECTORY} are mapped devices, choose another")
    dev: int | None = None
    read_only = False
    while "," in rest:
        before, _, option = rest.rpartition(",")
        number = _DEV.fullmatch(option)
        if number is not None:
            dev = _dev(int(number[1]), int(number[2]))
        elif option == "ro":
            read_only = True
        else:
            break
        rest = before
    path = Path(rest)
    try:
        require_disk(rest)
    except DMError as error:
        hint = f"; options are of the form {_FORM}" if "," in rest else ""
        raise _bad(f"{name}: {error.message}{hint}") from None
    return Offer(name, path.absolute(), dev, read_only)


def _dev(major: int, minor: int) -> int:
    if major > 0xFFF or minor > 0xFFFFF:
        raise _bad(f"dev={major}:{minor}: a major has 12 bits and a minor 20")
    if major == minor == 0:
        raise _bad("dev=0:0 means no device to NetBSD's library: give another")
    return makedev(major, minor)


def _bad(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="--device")
