"""Stands in for actions/attest: a bundle over a checksums file's subjects."""

import base64
import json
import sys

subjects = []
with open(sys.argv[1]) as lines:
    for line in lines:
        digest, name = line.rstrip("\n").split("  ")
        subjects.append({"name": name, "digest": {"sha256": digest}})
statement = {"_type": "https://in-toto.io/Statement/v1", "subject": subjects}
payload = base64.b64encode(json.dumps(statement).encode()).decode()
json.dump(
    {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "dsseEnvelope": {"payloadType": "application/vnd.in-toto+json", "payload": payload},
    },
    sys.stdout,
)
