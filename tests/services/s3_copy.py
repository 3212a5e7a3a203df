#!/usr/bin/env python3
"""Copies everything below an s3:// URL into a new folder: by another client than the program's, so that what the program wrote
is read by somebody else. Endpoint and keys come from the environment.

    s3_copy.py s3://bucket/prefix FOLDER
"""
import os
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree as ET

from s3 import request

SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def get(target):
    """The body of an answer."""
    status, _, body = request(os.environ["AWS_ENDPOINT_URL"], "GET", target, timeout=60)
    if status != 200:
        sys.exit(f"s3_copy.py: {target}: status {status}: {body[:300]!r}")
    return body


def keys(bucket, prefix):
    """All keys below a prefix."""
    after = None
    while True:
        query = {"list-type": "2", "prefix": prefix} | ({"continuation-token": after} if after else {})
        page = ET.fromstring(get(f"/{bucket}?{urllib.parse.urlencode(query)}"))
        yield from (found.findtext(f"{SPACE}Key") for found in page.iter(f"{SPACE}Contents"))
        after = page.findtext(f"{SPACE}NextContinuationToken")
        if not after:
            return


def main():
    url, folder = sys.argv[1:]
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/") + "/"
    target = pathlib.Path(folder)
    target.mkdir()
    for key in keys(bucket, prefix):
        path = target / key.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(get(f"/{bucket}/{key}"))


main()
