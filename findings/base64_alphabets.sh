#!/usr/bin/env bash
# Message histories of pydantic-ai and contents of Google's SDK hold bytes in the URL-safe alphabet of
# base64. Python's ordinary decoder skips its two characters without an error, and gives other bytes.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages pydantic-ai-slim==2.68.0 google-genai==3.6.1 pydantic==2.14.4

run_python >seen <<'PY'
import base64
import json
import random
from collections import Counter

from google.genai import types
from pydantic_ai.messages import (
    BinaryContent, ModelMessagesTypeAdapter, ModelRequest, ToolReturnPart, UserPromptPart,
)

draw = random.Random(1)
CONTENTS = [draw.randbytes(3000) for _ in range(100)]


def pydantic_ai(data):
    """Returns the bytes of a result and of an image, as they stand in a history."""
    image = BinaryContent(data, media_type="image/png")
    parts = [ToolReturnPart("thumbnail", data, "c1"), UserPromptPart([image])]
    (request,) = json.loads(ModelMessagesTypeAdapter.dump_json([ModelRequest(parts=parts)]))
    result, prompt = request["parts"]
    return result["content"], prompt["content"][0]["data"]


def google_genai(data):
    content = types.Content(parts=[types.Part.from_bytes(data=data, mime_type="image/png")])
    return json.loads(content.model_dump_json())["parts"][0]["inline_data"]["data"]


def outcome(decode, text, data):
    try:
        return "same" if decode(text) == data else "other"
    except ValueError:
        return "error"


for name, dump in (
    ("pydantic-ai, result", lambda data: pydantic_ai(data)[0]),
    ("pydantic-ai, image", lambda data: pydantic_ai(data)[1]),
    ("google-genai, image", google_genai),
):
    texts = [(dump(data), data) for data in CONTENTS]
    for decode in base64.urlsafe_b64decode, base64.b64decode:
        counts = Counter(outcome(decode, text, data) for text, data in texts)
        print(f"{name}, {decode.__name__}:", ", ".join(f"{counts[key]} {key}" for key in sorted(counts)))
print("pydantic-ai, NaN in a result:", json.dumps(json.loads(ModelMessagesTypeAdapter.dump_json(
    [ModelRequest(parts=[ToolReturnPart("ratio", {"ratio": float("nan")}, "c1")])]
))[0]["parts"][0]["content"]))
PY
expect <<'TEXT'
pydantic-ai, result, urlsafe_b64decode: 100 same
pydantic-ai, result, b64decode: 76 error, 24 other
pydantic-ai, image, urlsafe_b64decode: 100 same
pydantic-ai, image, b64decode: 76 error, 24 other
google-genai, image, urlsafe_b64decode: 100 same
google-genai, image, b64decode: 76 error, 24 other
pydantic-ai, NaN in a result: {"ratio": null}
TEXT
means "images and bytes from such histories are spoiled, not refused, by decoders of the standard" \
    "alphabet. Replace - and _ by + and / before decoding, or use a decoder that knows both."
