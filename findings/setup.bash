# What every finding needs: a temporary folder, packages in it, and the comparison with what was seen before.
# A finding sources this file. It then installs, runs its program into `seen`, and calls `expect`.

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Settings of the caller, such as OTEL_* or a file in the home directory, must not change what is seen.
clean() {
    env -i PATH="$PATH" HOME="$folder" LANG=C.UTF-8 TZ=UTC PYTHONWARNINGS=ignore "$@"
}

# python_packages NAME==VERSION…: installs them. `run_python` then runs a program with them.
python_packages() {
    "${PYTHON:-python3}" -m venv python
    python/bin/pip install --quiet --disable-pip-version-check --no-compile --prefer-binary "$@"
    for package in "$@"; do
        name=${package%%[\[=]*}
        version=$(python/bin/python -c "from importlib.metadata import version; print(version('$name'))")
        echo "$name $version"
    done
}

# Reads the program from standard input. Its log messages go to the file `log`.
run_python() {
    cat >program.py
    clean python/bin/python program.py 2>log || { cat log >&2; exit 1; }
}

# node_packages NAME@VERSION…: installs them. `run_node` then runs a program with them.
node_packages() {
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix . "$@" >/dev/null
    printf '%s\n' "$@"
}

run_node() {
    cat >program.mjs
    clean node program.mjs 2>log || { cat log >&2; exit 1; }
}

# Compares the file `seen` with standard input. A difference means that the package behaves otherwise now.
expect() {
    cat >expected
    if ! diff -u expected seen; then
        echo "CHANGED: the behaviour isn't what it was." >&2
        exit 1
    fi
    cat seen
}

# Prints what the behaviour means for those who store or read agents' logs.
means() {
    printf '\nAs before. What it means: %s\n' "$*"
}
