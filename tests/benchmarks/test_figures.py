"""New figures in README.md replace those of the last run."""

import json
import sys


def test_figures_replace_those_of_the_last_run(tmp_path, monkeypatch):
    import figures
    import savings

    totals = savings.Totals()
    totals.add(
        {
            **dict.fromkeys(savings.SPELLINGS, "one two three four"),
            "ours_lossless": "one",
            "peer_default": "one two",
        }
    )
    pair = {"ours_mb_per_s": 30.0, "peer_mb_per_s": 2.0, "times": 15.0}
    speeds = {"mb_per_s": 12.5}
    score = {"recall": 0.5, "tokens": 1234}
    results = {
        "savings": {"sets": {"total": {"all": totals.figures()}}},
        "crush": {
            "array": {"orjson_loads_mb_per_s": 400.0, "crush": pair},
            "document": {},
            "text": {"crush": pair},
        },
        "pipeline": {
            "bytes": 64_000_000,
            "bare": speeds,
            "ours": speeds,
            "ours_on_all_cores": speeds,
            "naive": speeds,
        },
        "evidence": {
            "evidence": 9,
            "results": 3,
            "scores": dict.fromkeys(
                (
                    "whole",
                    "ours_default",
                    "peer_default",
                    "head_at_ours_default",
                    "head_tail_at_ours_default",
                ),
                score,
            ),
        },
    }
    for name, result in results.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    page = tmp_path / "page.md"
    page.write_text(f"before\n{figures.START}old\n{figures.END}after\n")
    monkeypatch.setattr(sys, "argv", ["figures.py", str(tmp_path), "--update", str(page)])
    figures.main()
    first = page.read_text()
    figures.main()
    assert page.read_text() == first
    assert first.startswith(f"before\n{figures.START}")
    assert first.endswith(f"{figures.END}after\n")
    assert "old" not in first
    assert "| all | 1 | 4 | 1.00 | 1.00 | 0.25 ✓ | 0.50 ✓ | 1.00 |" in first
    assert "| array, `crush` | 30 | 2.0 | 15.0 | 400 |" in first
