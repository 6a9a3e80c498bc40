"""The one hash of a document: SHA-256 of its canonical JSON."""

import hashlib
import json
from typing import Any


def canonical_sha256(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def canonical_json(value: Any) -> str:
    """Return a value's canonical JSON, on one line: sorted keys, no blanks, decimals as text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
