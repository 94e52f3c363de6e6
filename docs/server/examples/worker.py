"""A processor that runs anywhere: claims jobs of the type `count_words`, reads the file by a signed URL, reports.

    WINDLASS_URL=http://127.0.0.1:8640 WINDLASS_TOKEN=… python3 worker.py [--once]

The token is one of a user of the role `worker`, with the scope `process`. Start as many as you like: each job is held by
one of them at a time, and only the holder of the newest fence can end it.
"""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request

URL, TOKEN = os.environ["WINDLASS_URL"].rstrip("/"), os.environ["WINDLASS_TOKEN"]


def call(path, body):
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def keep(job, stop):
    """Prolongs the lease while the work goes on; gives up when it is lost."""
    while not stop.wait(20):
        try:
            call(f"/v1/jobs/{job['id']}/heartbeat", {"fence": job["fence"], "lease_s": 60})
        except urllib.error.HTTPError:
            return


def work(job):
    words = 0
    with urllib.request.urlopen(job["content"], timeout=60) as content:
        for line in content:
            words += len(line.split())
    return {"words": words}


def one(job):
    stop = threading.Event()
    threading.Thread(target=keep, args=(job, stop), daemon=True).start()
    try:
        said = {"status": "completed", "result": work(job)}
    except OSError as error:
        said = {"status": "failed", "error": {"detail": str(error)}}
    finally:
        stop.set()
    try:
        call(f"/v1/jobs/{job['id']}/report", {"fence": job["fence"], **said})
        print(json.dumps({"job": job["id"], **said}), flush=True)
    except urllib.error.HTTPError as error:
        # 409 lease_lost: somebody else has the job by now; what was done here does not count.
        print(json.dumps({"job": job["id"], "refused": json.load(error)["code"]}), flush=True)


def main():
    while True:
        claimed = call("/v1/jobs:claim", {"types": ["count_words"], "max": 1, "lease_s": 60, "worker": "count_words"})
        for job in claimed["jobs"]:
            one(job)
        if "--once" in sys.argv:
            return
        if not claimed["jobs"]:
            time.sleep(2)


if __name__ == "__main__":
    main()
