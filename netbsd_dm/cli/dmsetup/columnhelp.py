"""What help -c and -o help print of the columns."""

from collections.abc import Iterator
from typing import Final

from .columns import COLUMNS, Source

_TITLES: Final = {
    Source.TASK: "Mapped Device Name",
    Source.INFO: "Mapped Device Information",
    Source.DEPS: "Mapped Device Relationship Information",
    Source.TREE: "Mapped Device Relationship Information",
    Source.NAME: "Mapped Device Name Components",
}
_DESCRIPTIONS: Final = {
    "name": "Name of mapped device.",
    "uuid": "Unique (optional) identifier for mapped device.",
    "read_ahead": "Read ahead in sectors.",
    "attr": "(L)ive, (I)nactive, (s)uspended, (r)ead-only, read-(w)rite.",
    "tables_loaded": "Which of the live and inactive table slots are filled.",
    "suspended": "Whether the device is suspended.",
    "readonly": "Whether the device is read-only or writeable.",
    "devno": "Device major and minor numbers",
    "major": "Block device major number.",
    "minor": "Block device minor number.",
    "open": "Number of references to open device, if requested.",
    "segments": "Number of segments in live table, if present.",
    "events": "Number of most recent event.",
    "device_count": "Number of devices used by this one.",
    "devs_used": "List of names of mapped devices used by this one.",
    "devnos_used": "List of device numbers of devices used by this one.",
    "device_ref_count": "Number of mapped devices referencing this one.",
    "names_using_dev": "List of names of mapped devices using this one.",
    "devnos_using_dev": "List of device numbers of mapped devices using this one.",
    "subsystem": "Userspace subsystem responsible for this device.",
    "vg_name": "LVM Volume Group name.",
    "lv_name": "LVM Logical Volume name.",
    "lv_layer": "LVM device layer.",
}


def columns_help() -> str:
    """All columns, in sections, and an empty line."""
    return "\n".join([*_lines(), " "])


def _lines() -> Iterator[str]:
    width = max(len(column.id) for column in COLUMNS)
    title = ""
    for column in COLUMNS:
        if _TITLES[column.source] != title:
            if title:
                yield " "
            title = _TITLES[column.source]
            yield f"{title} Fields"
            yield "-" * len(f"{title} Fields")
            yield f"  {'all':{width}} - All fields in this section."
        yield f"  {column.id:{width}} - {_DESCRIPTIONS[column.id]}"
