#!/bin/sh
# Makes .venv fit requirements.lock and pyproject.toml; quick when it does already. Finding a Python
# is done here because nothing better than sh can be relied on; tools/bootstrap.py does the rest.
set -eu
cd "$(dirname "$0")/.."

fits() {
    # Run it: version managers put names on PATH that only print an error.
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -x .venv/bin/python ] && fits .venv/bin/python; then
    exec .venv/bin/python tools/bootstrap.py
fi
for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if fits "$candidate"; then
        exec "$candidate" tools/bootstrap.py
    fi
done
echo "Treadle needs Python 3.11 or newer with the venv module (Debian: apt install python3-venv)." >&2
echo "Name one with: make PYTHON=/path/to/python3" >&2
exit 1
