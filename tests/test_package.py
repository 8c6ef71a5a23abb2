"""The names that the package exports, and what its wheel installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from helpers.repository import REPOSITORY

import headroom_beam


def test_every_exported_name_exists_and_is_documented() -> None:
    assert set(headroom_beam.__all__) == set(headroom_beam._HOMES)
    for name in headroom_beam.__all__:
        value = getattr(headroom_beam, name)
        assert value.__name__ == name
        assert value.__doc__
        assert value.__module__ == f"headroom_beam.{headroom_beam._HOMES[name]}"


def test_dir_lists_every_exported_name() -> None:
    assert set(headroom_beam.__all__) <= set(dir(headroom_beam))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Cruncher'"):
        _ = headroom_beam.Cruncher


@pytest.mark.parametrize(
    "names",
    ["", "SmartCrusher, SmartCrusherConfig, TraceFormat", "OriginalStore, restore_text, Compacted, Original"],
)
def test_names_that_do_not_need_beam_do_not_import_it(names: str) -> None:
    imports = f"from headroom_beam import {names}" if names else "import headroom_beam"
    program = f"import sys; {imports}; print('apache_beam' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"


def test_the_wheel_installs_only_the_package(tmp_path: Path) -> None:
    # The native library was built before the tests, so this only packs it.
    build = [
        sys.executable,
        "-m",
        "maturin",
        "build",
        "--release",
        "--locked",
        "--interpreter",
        sys.executable,
    ]
    subprocess.run([*build, "--out", str(tmp_path)], cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"headroom_beam"}
