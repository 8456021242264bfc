"""upload.py NAME FILE WHAT: what actions/upload-artifact@v4 asks of a server.

It creates the artifact, puts one block and the list of blocks, and ends it.
Where WHAT is "expired", the artifact is one that has expired already.
"""

import base64
import json
import os
import sys
import urllib.parse
import urllib.request

name, path, what = sys.argv[1:]
token = os.environ["ACTIONS_RUNTIME_TOKEN"]
service = os.environ["ACTIONS_RESULTS_URL"].rstrip("/") + "/twirp/github.actions.results.api.v1.ArtifactService/"
payload = token.split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
scope = next(s for s in claims["scp"].split() if s.startswith("Actions.Results:"))
_, run, job = scope.split(":")


def call(method, **body):
    body |= {"workflow_run_backend_id": run, "workflow_job_run_backend_id": job, "name": name}
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    request = urllib.request.Request(service + method, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def put(url, data):
    urllib.request.urlopen(urllib.request.Request(url, data, method="PUT")).close()


expiry = {"expires_at": "2020-01-01T00:00:00Z"} if what == "expired" else {}
created = call("CreateArtifact", version=4, **expiry)
url = created.get("signedUploadUrl") or created["signed_upload_url"]
with open(path, "rb") as file:
    data = file.read()
block = base64.b64encode(b"block-0").decode()
put(url + "&comp=block&blockid=" + urllib.parse.quote(block, safe=""), data)
put(url + "&comp=blocklist", f"<?xml version='1.0'?><BlockList><Latest>{block}</Latest></BlockList>".encode())
call("FinalizeArtifact", size=str(len(data)))
