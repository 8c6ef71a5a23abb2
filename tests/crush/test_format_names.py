"""The formats of a path are named, and what no format has is said to be known by its shape."""

from pathlib import Path

from headroom_beam.crush.format_names import BY_SHAPE, FormatNames
from headroom_beam.crush.trace_formats import TRACE_FORMATS, TraceFormat, resolve


def test_a_path_has_the_names_of_its_formats() -> None:
    names = FormatNames("auto")
    assert names.paths == resolve("auto")
    for name in TRACE_FORMATS:
        assert all(name in names.of(path) for path in TRACE_FORMATS[name].paths)
        assert names.has_all(TRACE_FORMATS[name].paths)
    assert names.of(".steps[*].result:string") == [BY_SHAPE]
    assert not FormatNames("openai").has_all(TRACE_FORMATS["anthropic"].paths)


def test_a_path_that_was_given_by_itself_has_no_format(tmp_path: Path) -> None:
    assert FormatNames([".result", "$:results"]).of(".result") == []
    assert FormatNames([".result", "$:results"]).of(".other") == [BY_SHAPE]
    assert FormatNames(".result").of("") == []
    assert FormatNames("json").of("") == ["json"]
    (tmp_path / "own.toml").write_text('[mine]\npaths = [".steps[*].out"]\n')
    assert FormatNames(str(tmp_path / "own.toml")).of(".steps[*].out") == ["mine"]
    assert FormatNames(TraceFormat("mine", (".a",))).of(".a") == ["mine"]
