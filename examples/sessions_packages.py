"""Sessions about packages: what is installed, what it needs, and what it offers."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from recording import PYTHON, REPOSITORY, Conversation, Session, output_of


def native_dependencies(talk: Conversation) -> None:
    """Asks which crates the build pulls in, and under which licences."""
    talk.ask("Which crates does the native build pull in, and under which licences?")
    command = [
        "cargo",
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]
    metadata = json.loads(
        talk.run("cargo_metadata", command, cwd=REPOSITORY, why="I'll read the resolved graph.")
    )
    direct = [package for package in metadata["packages"] if package["source"] is None]
    talk.run(
        "bash",
        ["cargo", "tree", "--package", direct[0]["name"], "--locked"],
        cwd=REPOSITORY,
        why="And as a tree.",
    )
    for package in direct:
        path = package["manifest_path"].removeprefix("/repo/")
        talk.run("read_file", ["cat", "-n", path], cwd=REPOSITORY, path=f"/repo/{path}")
    licences = sorted({str(package["license"]) for package in metadata["packages"]})
    talk.answer(
        f"{len(metadata['packages'])} packages under {len(licences)} licence expressions: "
        f"{'; '.join(licences)}."
    )


def installed_python_packages(talk: Conversation) -> None:
    """Asks which Python packages are installed, and looks at the large ones."""
    talk.ask("What is installed in the project's environment? Is anything much bigger than the rest?")
    rows = json.loads(
        talk.run("pip_list", [PYTHON, "-m", "pip", "list", "--format", "json"], environment=".venv")
    )
    names = [
        row["name"]
        for row in rows
        if row["name"] in {"pyarrow", "numpy", "duckdb", "hypothesis", "starlette"}
    ]
    for name in names:
        talk.run("bash", [PYTHON, "-m", "pip", "show", name], why=f"{name} may be one of the large ones.")
    talk.answer(f"{len(rows)} packages; I looked at {', '.join(names)} more closely.")


def package_metadata(talk: Conversation) -> None:
    """Asks for the full metadata of a small environment."""
    talk.ask(
        "I need the metadata of every package in the small environment, classifiers and requirements "
        "included."
    )
    folder = talk.workspace / "inspected"
    folder.mkdir()
    site = Path(next(path for path in sys.path if path.endswith("site-packages")))
    for name in (
        "pluggy",
        "iniconfig",
        "starlette",
        "zipp",
        "sniffio",
        "six",
        "idna",
        "pytest",
        "anyio",
        "uvicorn",
        "mmh3",
    ):
        for found in site.glob(f"{name}-*.dist-info"):
            shutil.copytree(found, folder / found.name)
    command = [PYTHON, "-m", "pip", "inspect", "--path", str(folder)]
    report = json.loads(talk.run("pip_inspect", command, path="/project/inspected"))
    names = sorted(package["metadata"]["name"] for package in report["installed"])
    talk.answer(f"{len(names)} packages: {', '.join(names)}.")


def system_packages(talk: Conversation) -> None:
    """Asks which system packages take the most room."""
    talk.ask("Which Debian packages take the most room here, by section?")
    form = "${Package}\\t${Version}\\t${Architecture}\\t${Section}\\t${Installed-Size}\\t${Status}\\n"
    rows = [
        dict(
            zip(
                ("package", "version", "architecture", "section", "installed_kib", "status"),
                line.split("\t"),
                strict=True,
            )
        )
        for line in output_of("dpkg-query", "-W", "-f", form).splitlines()
    ]
    for row in rows:
        row["installed_kib"] = int(row["installed_kib"] or 0)
    talk.rows("list_packages", rows, why="I'll list them all with their sizes.", manager="dpkg")
    largest = sorted(rows, key=lambda row: -row["installed_kib"])[:4]
    for row in largest:
        talk.run("bash", ["dpkg", "-s", row["package"]], why=f"{row['package']} is among the four largest.")
    talk.answer(
        "The largest are "
        + ", ".join(f"{row['package']} ({row['installed_kib']} KiB)" for row in largest)
        + "."
    )


def debian_package(name: str) -> Session:
    """Returns a session that asks what a Debian package installs, and what it needs."""

    def session(talk: Conversation) -> None:
        talk.ask(f"What does the package {name} put on this machine?")
        talk.run("bash", ["dpkg", "-s", name], why="Its status.")
        paths = [path for path in output_of("dpkg", "-L", name).splitlines() if Path(path).is_file()]
        listing = output_of("find", *paths[:80], "-maxdepth", "0", "-printf", "%p\\t%s\\t%m\\t%TY-%Tm-%Td\\n")
        columns = ("path", "size_bytes", "mode", "modified")
        rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in listing.splitlines()]
        talk.rows("list_files", rows, why="Its files.", package=name)
        programs = [row["path"] for row in rows if "/bin/" in row["path"]]
        for program in programs[:2]:
            talk.run("bash", ["ldd", program], why=f"What does {program} load?")
        talk.answer(f"{len(rows)} files, {len(programs)} of them programs.")

    return session


def go_package(name: str) -> Session:
    """Returns a session that asks what a package of Go's standard library imports and exports."""

    def session(talk: Conversation) -> None:
        talk.ask(f"What does Go's {name} import, and what does it export?")
        package = json.loads(talk.run("go_list", ["go", "list", "-json", name], package=name))
        talk.run("bash", ["go", "doc", "-short", name], why="Now what it exports.")
        imports = package["Imports"][:6]
        talk.run(
            "go_list", ["go", "list", "-json=ImportPath,Name,Doc,GoFiles,Imports", *imports], packages=imports
        )
        talk.answer(
            f"{name}: {package['Doc']}. It imports {len(package['Imports'])} packages "
            f"and needs {len(package['Deps'])}."
        )

    return session


def standard_library(name: str) -> Session:
    """Returns a session that asks what a module of Python's standard library does."""

    def session(talk: Conversation) -> None:
        talk.ask(f"How is {name} meant to be used, and what does importing it cost?")
        talk.run("bash", [PYTHON, "-m", "pydoc", name], why="Its documentation.")
        talk.run("import_time", [PYTHON, "-X", "importtime", "-c", f"import {name}"], module=name)
        talk.answer(
            "The documentation is above; the second column of the listing is the cumulative time in "
            "microseconds."
        )

    return session


def data_base(talk: Conversation) -> None:
    """Runs SQL queries that give rows, and one that fails."""
    talk.ask("Load the package list into SQLite and tell me what the sections look like.")
    form = "${Package}\\t${Section}\\t${Installed-Size}\\t${Priority}\\n"
    (talk.workspace / "packages.tsv").write_text(output_of("dpkg-query", "-W", "-f", form), encoding="utf-8")
    table = "CREATE TABLE packages(name TEXT, section TEXT, kib INT, priority TEXT);"
    script = f".mode tabs\n{table}\n.import packages.tsv packages\n"
    (talk.workspace / "load.sql").write_text(script, encoding="utf-8")
    talk.run("bash", ["sqlite3", "packages.db", ".read load.sql"], why="Loading.")
    for query in (
        (
            "SELECT section, count(*) AS packages, sum(kib) AS kib FROM packages "
            "GROUP BY section ORDER BY kib DESC"
        ),
        "SELECT * FROM packages WHERE section = 'libs' ORDER BY kib DESC LIMIT 150",
        (
            "SELECT name, kib / (SELECT sum(kib) * 0.01 FROM packages) AS percent FROM packages "
            "ORDER BY kib DESC LIMIT 40"
        ),
        "SELECT priority, count(*) FROM package GROUP BY priority",
        "SELECT priority, count(*) AS packages FROM packages GROUP BY priority",
    ):
        talk.run("query", ["sqlite3", "-json", "packages.db", query], sql=query)
    talk.answer(
        "The sections are listed above by size; the query with the wrong table name failed and was corrected."
    )


def data_base_functions(talk: Conversation) -> None:
    """Asks a database for its functions, which come as rows."""
    talk.ask("Which functions does DuckDB have for lists and for strings?")
    for word in ("list", "string"):
        query = (
            "SELECT function_name, function_type, description, return_type, parameters, parameter_types, "
            "examples "
            f"FROM duckdb_functions() WHERE categories::VARCHAR LIKE '%{word}%' ORDER BY ALL"
        )
        program = (
            f"import duckdb, json; r = duckdb.sql({query!r}); "
            "print(json.dumps([dict(zip(r.columns, row)) for row in r.fetchall()], indent=2))"
        )
        talk.run("query", [PYTHON, "-c", program], sql=query)
    talk.run(
        "query",
        [PYTHON, "-c", "import duckdb; duckdb.sql('SELECT lst_sort([1])')"],
        sql="SELECT lst_sort([1])",
    )
    talk.answer("Both lists are above; `lst_sort` is not among them.")


def go_tree(talk: Conversation) -> None:
    """Asks how Go packages depend on each other: the result is a stream of JSON objects."""
    talk.ask("How do the packages below net, crypto, encoding and go depend on each other?")
    fields = (
        "-json=ImportPath,Name,Doc,Goroot,Standard,GoFiles,IgnoredGoFiles,Imports,TestGoFiles,TestImports"
    )
    talk.run(
        "go_list",
        ["go", "list", fields, "net/...", "crypto/...", "encoding/...", "go/..."],
        packages=["net/...", "crypto/...", "encoding/...", "go/..."],
    )
    talk.answer("Every package is above with its files and what it imports.")
