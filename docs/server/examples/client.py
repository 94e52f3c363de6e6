"""Uploads files to a Windlass server, with Python's standard library alone.

    WINDLASS_URL=http://127.0.0.1:8640 WINDLASS_TOKEN=… python3 client.py --to recordings FILE…

Whatever stops it, run it again: the ids come from path, size and time of the file, so the server knows each file again,
names the parts it already has, and takes only the others. Prints a line of JSON a file; ends with 1 when one failed.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

PART = 8 << 20
POLY = 0x9A6C9329AC4BC9B5  # CRC-64/NVME, reflected


def _table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ POLY if n & 1 else n >> 1
        table.append(n)
    return table


TABLE = _table()


def crc64(data, crc=0):
    crc ^= 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFFFFFFFFFF


def coded(crc):
    return base64.b64encode(crc.to_bytes(8, "big")).decode()


class Refused(Exception):
    """A problem as the server tells it (RFC 9457): `code` is stable, `detail` is for people."""

    def __init__(self, problem):
        super().__init__(f"{problem.get('code')}: {problem.get('detail')}")
        self.problem = problem


def problem_of(error):
    try:
        return json.load(error)
    except ValueError:  # a proxy's own page
        return {"code": f"http_{error.code}", "detail": error.reason}


class Client:
    def __init__(self, url, token):
        self.url, self.token = url.rstrip("/"), token

    def call(self, path, body=None):
        """One call; waits and asks again when the server says that it is worth it, and when it does not answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        for attempt in range(8):
            try:
                request = urllib.request.Request(self.url + path, data, headers)
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                problem = problem_of(error)
                if error.code not in (429, 500, 502, 503, 504):
                    raise Refused(problem) from None
                wait = problem.get("retry_after_ms", 500 << attempt) / 1000
            except urllib.error.URLError as error:
                problem, wait = {"code": "no_answer", "detail": str(error.reason)}, 0.5 * 2**attempt
            time.sleep(min(wait, 30))
        raise Refused(problem)

    def one(self, verb, item):
        return self.call(f"/v1/sessions:{verb}", {"items": [item]})["items"][0]


def put(client, file, part, data):
    """Signs for a part and sends it; a URL that did not work is never used again."""
    for attempt in range(5):
        signed = client.one("sign", {"id": file, "attempt": 1, "parts": [part]})
        if signed.get("error"):
            raise Refused(signed["error"])
        to = signed["uploads"][0]
        try:
            request = urllib.request.Request(to["url"], data, dict(to["headers"]), method="PUT")
            with urllib.request.urlopen(request, timeout=300) as answer:
                return answer.headers["etag"]
        except OSError as error:
            last = error
        time.sleep(0.5 * 2**attempt)
    raise last


def file_id(path, stat):
    """A UUIDv7 that is the same whenever the same file is sent."""
    digest = hashlib.sha256(f"{os.path.abspath(path)}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()).digest()
    head = (stat.st_mtime_ns // 1_000_000).to_bytes(6, "big")
    return str(uuid.UUID(bytes=head + bytes([0x70 | digest[0] & 15, digest[1], 0x80 | digest[2] & 63]) + digest[3:10]))


def parts_of(path, size):
    """Number, offset and length of each part; a small file is one."""
    return [(n + 1, at, min(PART, size - at)) for n, at in enumerate(range(0, max(size, 1), PART))]


def upload(client, path, to, machine):
    stat = os.stat(path)
    size, file = stat.st_size, file_id(path, stat)
    sha256, whole, sums = hashlib.sha256(), 0, {}
    with open(path, "rb") as source:
        for n, _, length in parts_of(path, size):
            data = source.read(length)
            sha256.update(data)
            sums[n], whole = crc64(data), crc64(data, whole)
    sha256 = sha256.hexdigest()

    answer = client.one("init", {
        "id": file, "attempt": 1, "destination": to, "rel_path": os.path.basename(path), "size": size,
        "part_size": PART, "mime": "application/octet-stream", "sha256": sha256, "client_id": machine,
    })
    if answer["answer"] == "refused":
        raise Refused(answer["error"])
    if answer["answer"] == "settled":
        return {"sent": 0, **answer}
    if answer["answer"] == "duplicate":
        # The same content is there (settled), or is on its way from elsewhere (then: ask again later).
        return {"id": file, "sent": 0, "of": answer["of"], "settled": answer["settled"] is not None}

    stored = client.call("/v1/sessions:query", {"ids": [file], "parts": True})["sessions"][0]["parts"]
    done = {p["n"]: p["etag"] for p in stored}
    missing = [p for p in parts_of(path, size) if p[0] not in done]
    sent = 0
    for _ in range(3):
        with open(path, "rb") as source:
            for n, at, length in missing:
                part = {"n": n, "size": length, "crc64": coded(sums[n])}
                if size <= PART:
                    part["sha256"] = sha256
                source.seek(at)
                done[n] = put(client, file, part, source.read(length))
                sent += length
        parts = [{"n": n, "size": length, "crc64": coded(sums[n]), "etag": done[n]} for n, _, length in parts_of(path, size)]
        item = {"id": file, "attempt": 1, "size": size, "crc64": coded(whole), "sha256": sha256, "parts": parts}
        outcome = client.one("complete", item)
        while outcome["outcome"] == "verifying":
            time.sleep(1)
            outcome = client.one("complete", item)
        if outcome["outcome"] == "settled":
            return {"id": file, "sent": sent, **outcome}
        if outcome["outcome"] == "failed":
            raise Refused(outcome["error"])
        missing = [p for p in parts_of(path, size) if p[0] in outcome["parts"]]
    raise Refused({"code": "part_missing", "detail": "the storage does not keep the parts"})


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--to", default="recordings", help="name of the destination")
    args.add_argument("files", nargs="+")
    args = args.parse_args()
    client = Client(os.environ["WINDLASS_URL"], os.environ["WINDLASS_TOKEN"])
    machine = str(uuid.uuid5(uuid.NAMESPACE_DNS, os.uname().nodename))
    failed = 0
    for path in args.files:
        try:
            print(json.dumps({"file": path, **upload(client, path, args.to, machine)}), flush=True)
        except (Refused, OSError) as error:
            failed = 1
            print(json.dumps({"file": path, "error": str(error)}), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
