"""Verifies every DKIM signature of a message, under records given as JSON. By dkimpy, which is not ours."""

import json
import sys

import dkim

message = open(sys.argv[1], "rb").read()
records = json.load(open(sys.argv[2]))


def ask(name, timeout=5):
    return records.get(name.decode().rstrip(".").lower(), "").encode()


signatures = dkim.DKIM(message).headers
count = sum(1 for name, _ in signatures if name.lower() == b"dkim-signature")
for index in range(count):
    verifier = dkim.DKIM(message)
    good = verifier.verify(idx=index, dnsfunc=ask)
    print(verifier.domain.decode(), verifier.signature_fields[b"a"].decode(), "good" if good else "bad")
