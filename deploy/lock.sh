#!/bin/sh
# Writes deploy/locks/ROLE.txt, what each image installs: exact releases with the hashes of their files, from the extras
# in pyproject.toml. `make locks` calls it with the uv of the development environment.
set -eu
cd "$(dirname "$0")/.."
uv=${1:-uv}

lock() { # ROLE EXTRA...
  role=$1
  shift
  for extra in "$@"; do set -- "$@" --extra "$extra" && shift; done
  "$uv" pip compile pyproject.toml "$@" --constraint deploy/locks/constraints.txt --universal --python-version 3.11 \
    --generate-hashes --no-annotate --quiet --upgrade --custom-compile-command "make locks" \
    --output-file "deploy/locks/$role.txt" >/dev/null
}

lock ingest ingest s3
lock worker-cpu worker s3
lock worker-gpu gpu s3
lock trainer trainer
lock monitoring monitoring postgres s3
lock simulator simulator
