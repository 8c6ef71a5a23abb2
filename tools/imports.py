"""Checks and draws the imports of both languages: finds circles and wrong layers, and draws flow charts.

    python tools/imports.py check                  # prints a line for each fault; then the exit code is 1
    python tools/imports.py draw [--files]         # prints Mermaid charts of folders, or of every file
    python tools/imports.py update FILE            # puts both charts of folders into a document

Python's layers are contracts in `pyproject.toml`, which `lint-imports` checks. Here Python is only searched
for circles. The layers of the Rust crate stand in its `Cargo.toml`, under `package.metadata.imports`, in the
same notation. The top layer comes first, and each may import the layers below it. Folders of one layer may
import each other if they are separated by `:`, and not if by `|`. An arrow of Rust is a path outside tests
that begins with `crate`, `super` or `self`.
"""

from __future__ import annotations

import argparse
import graphlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import grimp
import tree_sitter
import tree_sitter_rust

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).resolve().parent.parent
CRATE = REPOSITORY / "crates" / "crusher"
PACKAGE = "headroom_beam"
RUST = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
PATH_IN_MACRO = re.compile(rb"\b(?:crate|super|self)(?:\s*::\s*\w+)+")

Arrows = dict[str, set[str]]
"""The modules that each module imports. Names are dotted; a folder's own file has the folder's name."""


def python_arrows(package: str = PACKAGE) -> Arrows:
    """Returns the arrows of an installed Python package, including imports for type checkers.

    The package's root is left out: it only imports a module when one of its names is first used.
    """
    graph = grimp.build_graph(package, cache_dir=None)
    modules = graph.modules - {package}
    return {module: graph.find_modules_directly_imported_by(module) & modules for module in modules}


def rust_arrows(crate: Path = CRATE) -> Arrows:
    """Returns the arrows of a Rust crate, from its sources alone. The crate's root has the name `lib`."""
    files = {
        _module_of(path.relative_to(crate / "src")): path
        for path in sorted((crate / "src").rglob("*.rs"))
        if path.stem != "tests" and "tests" not in path.parent.parts
    }
    arrows: Arrows = {".".join(("lib", *module)): set() for module in files}
    for module, path in files.items():
        for segments in _paths(RUST.parse(path.read_bytes()).root_node):
            if (target := _resolve(segments, module, files)) is not None and target != module:
                arrows[".".join(("lib", *module))].add(".".join(("lib", *target)))
    return arrows


def _module_of(path: Path) -> tuple[str, ...]:
    parts = path.with_suffix("").parts
    return parts[:-1] if parts[-1] in ("lib", "mod") else parts


def _paths(node: tree_sitter.Node) -> Iterator[tuple[str, ...]]:
    """Yields every path below a node, outside test modules. A `use` with braces gives one for each name."""
    if node.type == "token_tree":
        for match in PATH_IN_MACRO.findall(node.text or b""):
            yield tuple(segment.strip() for segment in match.decode().split("::"))
        return
    if node.type == "use_declaration" and (argument := node.child_by_field_name("argument")) is not None:
        yield from _used(argument, ())
        return
    if node.type in ("scoped_identifier", "scoped_type_identifier"):
        yield tuple((node.text or b"").decode().replace(" ", "").split("::"))
    for_tests = False
    for child in node.named_children:
        if child.type == "attribute_item":
            for_tests = for_tests or child.text == b"#[cfg(test)]"
            continue
        if not for_tests:
            yield from _paths(child)
        for_tests = False


def _used(node: tree_sitter.Node, prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if node.type == "use_list":
        for child in node.named_children:
            yield from _used(child, prefix)
    elif node.type in ("scoped_use_list", "use_as_clause"):
        path = node.child_by_field_name("path")
        named = prefix if path is None else (*prefix, *(path.text or b"").decode().split("::"))
        inner = node.child_by_field_name("list")
        yield from [named] if inner is None else _used(inner, named)
    elif node.type == "use_wildcard":
        yield from _used(node.named_children[0], prefix) if node.named_children else [prefix]
    else:
        yield (*prefix, *(node.text or b"").decode().split("::"))


def _resolve(
    segments: tuple[str, ...], module: tuple[str, ...], files: Iterable[tuple[str, ...]]
) -> tuple[str, ...] | None:
    """Returns the module in whose file a path ends, or None for a path that leaves the crate."""
    at: tuple[str, ...]
    first, *rest = segments
    if first == "crate":
        at = ()
    elif first == "self":
        at = module
    elif first == "super":
        at = module[:-1]
        while rest and rest[0] == "super":
            at, rest = at[:-1], rest[1:]
    elif (*module, first) in files:
        at, rest = module, list(segments)
    else:
        return None
    for segment in rest:
        if (*at, segment) not in files:
            break
        at = (*at, segment)
    return at


def circle_in(arrows: Arrows) -> list[str]:
    """Returns the modules of one circle, with the first again at the end, or nothing."""
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def layers_of(crate: Path = CRATE) -> list[grimp.Layer]:
    """Returns the layers that the crate's `Cargo.toml` declares, the top one first."""
    metadata = tomllib.loads((crate / "Cargo.toml").read_text(encoding="utf-8"))["package"]["metadata"]
    return [
        grimp.Layer(*re.split(r" [|:] ", line), independent=" : " not in line)
        for line in metadata["imports"]["layers"]
    ]


def layer_faults(arrows: Arrows, layers: list[grimp.Layer]) -> list[str]:
    """Returns a line for each import of a higher layer, module without a layer, and name without a module."""
    graph = grimp.ImportGraph()
    graph.add_module("lib")
    for module, imported in arrows.items():
        graph.add_module(module)
        for name in imported:
            graph.add_import(importer=module, imported=name)
    placed = {name for layer in layers for name in layer.module_tails}
    below_root = {module.split(".")[1] for module in arrows if "." in module}
    faults = [f"{name}: no layer names it" for name in sorted(below_root - placed)]
    faults += [f"{name}: a layer names it, but no such module exists" for name in sorted(placed - below_root)]
    for dependency in graph.find_illegal_dependencies_for_layers(layers=layers, containers={"lib"}):
        faults += [f"wrong layer: {' -> '.join(route.heads | route.tails)}" for route in dependency.routes]
    return sorted(faults)


def check() -> list[str]:
    """Returns a line for each fault of the tree."""
    rust, python = rust_arrows(), python_arrows()
    faults = [f"circle: {' -> '.join(circle)}" for circle in (circle_in(rust), circle_in(python)) if circle]
    return faults + layer_faults(rust, layers_of())


def drawing(arrows: Arrows, root: str, *, files: bool) -> str:
    """Returns a Mermaid flow chart: an arrow points from what imports to what is imported."""
    drawn: dict[str, set[str]] = defaultdict(set)
    for module, imported in arrows.items():
        importer = _node(module, root, files=files)
        drawn[importer] |= {_node(name, root, files=files) for name in imported} - {importer, root}
    lines = [
        f"  {name} --> {target}" for name in sorted(drawn) if name != root for target in sorted(drawn[name])
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _node(module: str, root: str, *, files: bool) -> str:
    parts = module.split(".")[1:]
    return (".".join(parts) if files else parts[0]) if parts else root


def pictures(*, files: bool) -> dict[str, str]:
    """Returns the chart of each language, by the language's name."""
    return {
        "rust": drawing(rust_arrows(), "lib", files=files),
        "python": drawing(python_arrows(), PACKAGE, files=files),
    }


def with_pictures(document: str) -> str:
    """Returns a document with new charts, each between `<!-- imports: NAME -->` and `<!-- /imports -->`."""
    for name, picture in pictures(files=False).items():
        pattern = re.compile(rf"(<!-- imports: {name} -->\n).*?(<!-- /imports -->)", re.DOTALL)
        document, count = pattern.subn(
            lambda match, picture=picture: f"{match[1]}\n{picture}\n\n{match[2]}", document
        )
        if count != 1:
            raise ValueError(f"the document has {count} places for the imports of {name}; it must have one")
    return document


def main() -> int:
    """Runs the command, and returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="look for circles and wrong layers")
    commands.add_parser("draw", help="print Mermaid charts").add_argument(
        "--files", action="store_true", help="draw every file, not folders"
    )
    commands.add_parser("update", help="renew the charts of a document").add_argument("document", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "check":
        faults = check()
        print(*faults, sep="\n", end="\n" if faults else "")
        return int(bool(faults))
    if arguments.command == "draw":
        print(*pictures(files=arguments.files).values(), sep="\n\n")
        return 0
    document = arguments.document.read_text(encoding="utf-8")
    arguments.document.write_text(with_pictures(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
