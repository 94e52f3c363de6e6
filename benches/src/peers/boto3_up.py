"""Uploads a file or a folder: SOURCE ENDPOINT BUCKET CONNECTIONS."""

import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

source, endpoint, bucket, connections = sys.argv[1:]
source, connections = pathlib.Path(source), int(connections)
options = Config(max_pool_connections=connections, s3={"addressing_style": "path"})
client = boto3.client("s3", endpoint_url=endpoint, config=options)
part = 8 * 1024 * 1024
config = TransferConfig(multipart_threshold=part + 1, multipart_chunksize=part, max_concurrency=connections)


def small(path):
    with path.open("rb") as body:
        client.put_object(Bucket=bucket, Key="boto3/" + str(path.relative_to(source)), Body=body)


if source.is_dir():
    files = [path for path in source.rglob("*") if path.is_file()]
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(small, files))
else:
    client.upload_file(str(source), bucket, "boto3/" + source.name, Config=config)
