"""XMP: what a packet tells, by the properties that it mentions (ISO 16684-1; the EXIF, TIFF and Dublin Core schemas).

It is not parsed: an XML parser fed by strangers is a danger, and a mention is enough to warn.
"""

_MENTIONS = {
    b"exif:GPS": "gps",
    b"tiff:Make": "camera",
    b"tiff:Model": "camera",
    b"aux:": "camera",
    b"CreateDate": "timestamp",
    b"ModifyDate": "timestamp",
    b"MetadataDate": "timestamp",
    b"DateTime": "timestamp",
    b"DateCreated": "timestamp",
    b"dc:creator": "author",
    b"dc:rights": "author",
    b"dc:description": "description",
    b"dc:title": "description",
    b"dc:subject": "description",
    b"CreatorTool": "software",
    b"xmp:Thumbnails": "thumbnail",
}


def names_in(packet: bytes) -> set[str]:
    return {"xmp"} | {name for mention, name in _MENTIONS.items() if mention in packet}
