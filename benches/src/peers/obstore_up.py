"""Uploads a file or a folder: SOURCE ENDPOINT BUCKET CONNECTIONS."""

import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import obstore
from obstore.store import S3Store

source, endpoint, bucket, connections = sys.argv[1:]
source, connections = pathlib.Path(source), int(connections)
store = S3Store(
    bucket,
    config={"endpoint": endpoint, "virtual_hosted_style_request": "false"},
    client_options={"allow_http": True},
)
part = 8 * 1024 * 1024


def small(path):
    obstore.put(store, "obstore/" + str(path.relative_to(source)), path.read_bytes(), use_multipart=False)


if source.is_dir():
    files = [path for path in source.rglob("*") if path.is_file()]
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(small, files))
else:
    obstore.put(store, "obstore/" + source.name, source, chunk_size=part, max_concurrency=connections)
