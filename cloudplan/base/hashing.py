"""The one hash of a document: SHA-256 of its canonical JSON."""

import hashlib
import json
from typing import Any


def canonical_sha256(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON: sorted keys, no blanks, decimals as text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
