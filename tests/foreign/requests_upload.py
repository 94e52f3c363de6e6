#!/usr/bin/env python3
"""Uploads a file with `requests` alone, by presigned URLs, and looks at what arrived with boto3.

    requests_upload.py BASE FILE [--token T] [--single] [--bucket B --endpoint E --region R --access-key A --secret-key S]

BASE is what stands before /multipart/init. Without --single: POST /multipart/init, one PUT a part, POST /multipart/complete;
with it: POST /init, one PUT, POST /finalize. With a bucket, boto3 reads the object back past the server and compares its
SHA-256, and looks that no unfinished upload of its key is left. Prints one line of JSON; ends with 1 when anything is
not as it should be."""
import argparse, hashlib, json, os, sys

import requests


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("file")
    for name in ("token", "bucket", "endpoint", "region", "access-key", "secret-key"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--single", action="store_true")
    return parser.parse_args()


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def asked(session, base, path, body):
    answer = session.post(base.rstrip("/") + path, json=body, timeout=60)
    if not answer.ok:
        sys.exit(f"POST {path}: {answer.status_code} {answer.text[:500]}")
    return answer.json()


def put(url, content, headers=None):
    # A plain request: the URL is the permission, and nothing else goes along.
    answer = requests.put(url, data=content, headers=headers or {}, timeout=600)
    if not answer.ok:
        sys.exit(f"PUT: {answer.status_code} {answer.text[:500]}")
    return answer.headers.get("ETag")


def multipart(session, base, path):
    size = os.path.getsize(path)
    begun = asked(session, base, "/multipart/init", {
        "filename": os.path.basename(path), "contentType": "application/octet-stream", "size": size})
    parts = begun["parts"]
    step = begun.get("partSize") or -(-size // len(parts))
    sent = []
    with open(path, "rb") as file:
        for part in parts:
            sent.append({"partNumber": part["partNumber"], "etag": put(part["url"], file.read(step))})
        if file.read(1):
            sys.exit(f"{len(parts)} parts of {step} bytes are not the whole file of {size}")
    done = asked(session, base, "/multipart/complete", {"sessionId": begun["sessionId"], "parts": sent})
    return begun["objectKey"], {"parts": len(sent), "answer": done}


def single(session, base, path):
    begun = asked(session, base, "/init", {
        "filename": os.path.basename(path), "contentType": "application/octet-stream",
        "size": os.path.getsize(path), "hash": sha256(path)})
    if "upload" in begun:
        with open(path, "rb") as file:
            put(begun["upload"]["url"], file.read(), begun["upload"].get("headers"))
    done = asked(session, base, "/finalize", {"fileId": begun["fileId"], "hash": sha256(path)})
    return begun.get("objectKey"), {"parts": 1, "answer": done}


def looked_at(options, key, path):
    import boto3
    from botocore.config import Config

    s3 = boto3.client(
        "s3", endpoint_url=options.endpoint, region_name=options.region,
        aws_access_key_id=options.access_key, aws_secret_access_key=options.secret_key,
        config=Config(s3={"addressing_style": "path"}))
    hashed = hashlib.sha256()
    for chunk in s3.get_object(Bucket=options.bucket, Key=key)["Body"].iter_chunks(1 << 20):
        hashed.update(chunk)
    left = s3.list_multipart_uploads(Bucket=options.bucket, Prefix=key).get("Uploads", [])
    return {"same": hashed.hexdigest() == sha256(path), "left": len(left)}


def main():
    options = arguments()
    session = requests.Session()
    if options.token:
        session.headers["Authorization"] = f"Bearer {options.token}"
    key, end = (single if options.single else multipart)(session, options.base, options.file)
    if options.bucket and key:
        end.update(looked_at(options, key, options.file))
    print(json.dumps({"file": os.path.basename(options.file), "key": key, **end}))
    return 0 if end.get("same", True) and not end.get("left") else 1


if __name__ == "__main__":
    sys.exit(main())
