#!/usr/bin/env bash
# A column of JSON in Lance comes back as another text: keys sorted, fractions and escapes spelled anew,
# long integers rounded.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages pylance==14.0.2 pyarrow==26.0.1

run_python >seen <<'PY'
import hashlib

import lance
import pyarrow as pa

RECORDS = [
    r'{"tool": "list", "id": 18446744073709551615, "result": "a\/b"}',
    r'{"tool": "list", "id": 18446744073709551616, "result": "caf\u00e9"}',
    r'{"price": 1.10, "limit": 1e2, "exact": 9007199254740993.0}',
]


def digest(texts):
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]


for name, kind in ("string", pa.string()), ("JSON", pa.json_()):
    lance.write_dataset(pa.table({"record": pa.array(RECORDS, kind)}), f"{name}.lance")
    texts = lance.dataset(f"{name}.lance").to_table()["record"].to_pylist()
    print(f"as {name}: {'the same' if digest(texts) == digest(RECORDS) else 'another'} digest")
    if texts != RECORDS:
        print(*texts, sep="\n")
PY
expect <<'TEXT'
as string: the same digest
as JSON: another digest
{"id":18446744073709551615,"result":"a/b","tool":"list"}
{"id":1.8446744073709552e+19,"result":"café","tool":"list"}
{"exact":9007199254740992.0,"limit":100.0,"price":1.1}
TEXT
means "records kept in such a column have other bytes, and no digest of them holds. Ids over 64 bits" \
    "change. Keep records, and text with markers, in a string or binary column."
