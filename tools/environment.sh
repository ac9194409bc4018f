#!/bin/sh
# environment.sh WHAT: a virtual environment in .venv with Citywall (`.`) or also its development tools (`.[dev]`).
set -eu
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1 || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Citywall needs Python 3.11 or later. Install it, or name it: make scan PYTHON=/path/to/python3.11" >&2
  exit 2
fi
if ! [ -x .venv/bin/pip ]; then
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      echo "Installing python3-venv, which Debian keeps apart from Python ..." >&2
      { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; } >/dev/null
    else
      echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2
      exit 2
    fi
  fi
  "$python" -m venv .venv
fi
echo "Setting up Citywall in .venv ..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e "$1"
