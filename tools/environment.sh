#!/bin/sh
# environment.sh WHAT: a virtual environment in .venv with Citywall (`.`), or also its extras and development tools.
set -eu
python=${PYTHON:-python3}

# usable PYTHON: whether it is new enough
usable() {
  command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if ! usable .venv/bin/python || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
  if ! usable "$python"; then
    echo "Citywall needs Python 3.11 or later. Install it, or name it: make scan PYTHON=/path/to/python3.11" >&2
    exit 2
  fi
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      echo "Installing $package, which Debian keeps apart from Python ..." >&2
      { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package"; } >/dev/null
    else
      echo "This Python cannot make virtual environments. On Debian: apt-get install $package" >&2
      exit 2
    fi
  fi
  "$python" -m venv --clear .venv
fi
echo "Setting up Citywall in .venv ..." >&2
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e "$1"; then
  echo "Not set up: pip says why above. Without a way out, name a package index of your own: PIP_INDEX_URL=..." >&2
  exit 2
fi
