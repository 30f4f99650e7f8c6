#!/usr/bin/env bash
# The fast tests with the newest versions that pyproject.toml allows, on each Python of this machine, and on the oldest
# Python with the oldest versions too.
# torch comes from where pip finds it without a GPU's packages (UV_FIND_LINKS, PIP_FIND_LINKS), unless MATRIX_GPU=1
# lets it come from the public index, with gigabytes for GPUs. A Python without such a wheel is skipped, and so is all
# where no package can be had, as without a network; both are said.
set -euo pipefail
cd "$(dirname "$0")/.."

fast=(${MATRIX_TESTS:-tests/models tests/attribution tests/views tests/render tests/results tests/data
  tests/training/test_train.py tests/corpus/test_run.py tests/test_extending.py})
tools=(fastapi hypothesis polars playwright pytest pytest-timeout pytest-xdist uvicorn)
export UV_FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}} OMP_NUM_THREADS=1
uv=${UV:-uv}
if ! command -v "$uv" >/dev/null; then
  echo "matrix: skipped: uv is not installed and cannot be had here"
  exit
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python_of() { # a working interpreter of this version, or nothing: pyenv's shims are there also where none works
  local found
  for found in "python$1" "$(pyenv root 2>/dev/null || true)/versions/$1".*/bin/python; do
    if "$found" -c 'import venv' 2>/dev/null; then
      "$found" -c 'import sys; print(sys.executable)'
      return
    fi
  done
}

for version in 3.11 3.12 3.13; do
  python=$(python_of "$version")
  if [ -z "$python" ]; then
    echo "matrix: Python $version skipped: this machine has none"
    continue
  fi
  # the oldest versions of numpy, pandas and others have no wheels for a newer Python
  for resolution in $([ "$version" != 3.11 ] || echo lowest-direct) highest; do
    name="Python $version, $resolution"
    place="$folder/$version-$resolution"
    "$uv" venv --quiet --python "$python" "$place"
    torch=()
    if [ -z "${MATRIX_GPU:-}" ]; then
      if ! "$uv" pip install --quiet --python "$place" --no-index --no-deps torch 2>/dev/null; then
        echo "matrix: $name skipped: no CPU wheel of torch for it is found"
        continue
      fi
      "$uv" pip freeze --python "$place" | grep '^torch==' >"$place/torch.txt"
      torch=(--override "$place/torch.txt")
    fi
    if ! "$uv" pip install --quiet --python "$place" "${tools[@]}"; then
      echo "matrix: skipped: the packages that the tests need cannot be had here, as without a network"
      exit
    fi
    echo "matrix: $name"
    # what the tests themselves need stays as it is; only attribkit's own needs are taken at their oldest
    "$uv" pip install --quiet --python "$place" --resolution "$resolution" ${torch[@]+"${torch[@]}"} --editable '.[fast]'
    "$uv" pip freeze --python "$place" | grep -iE '^(torch|numpy|pandas|scipy|matplotlib|lightning|pyarrow|captum|numba)=='
    # an old version's warnings about a new one's are not ours to mend: they are shown, not errors
    "$place/bin/python" -m pytest "${fast[@]}" -m 'not browser and not data' --numprocesses auto \
      -o filterwarnings= -p no:cacheprovider
    rm -rf "$place"
  done
done
