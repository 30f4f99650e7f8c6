#!/usr/bin/env bash
# The fast tests with the newest versions that pyproject.toml allows, on each Python of this machine, and on the oldest
# Python with the oldest versions too. The wheel is installed, and the tests are those of the unpacked sdist. What could
# not be run is said with its reason and fails nothing: a Python or uv that this machine lacks, packages that cannot be
# had, as without a network, a disk or a time too small.
#   MATRIX_GPU=1         torch may come from the public index, with gigabytes for GPUs: else only a CPU wheel is taken,
#                        found where pip finds it (UV_FIND_LINKS, PIP_FIND_LINKS), and stands for the oldest torch too
#   MATRIX_UNTIL=DATE    the newest versions are those of that day, so that no release of others changes the outcome
#   MATRIX_MINUTES=15    no more than that many minutes
#   MATRIX_TESTS="..."   these tests and no others
set -euo pipefail
cd "$(dirname "$0")/.."

fast=(${MATRIX_TESTS:-tests/models tests/attribution tests/views tests/render tests/results tests/data
  tests/huggingface tests/training/test_train.py tests/corpus/test_run.py tests/test_extending.py
  tests/test_readme.py::test_the_blocks_of_a_page_run_in_order[README.md]
  tests/test_demo.py::test_the_demo_writes_a_page_and_pictures})
tools=(anywidget axe-playwright-python fastapi httpx2 hypothesis polars playwright pytest pytest-timeout pytest-xdist uvicorn)
needed_gigabytes=20 # of a torch for GPUs: unpacked in uv's cache, linked or copied into an environment
until=(${MATRIX_UNTIL:+--exclude-newer "$MATRIX_UNTIL"})
ends=$((SECONDS + ${MATRIX_MINUTES:-600} * 60))
export UV_FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}} OMP_NUM_THREADS=1
uv=${UV:-uv}
passed=() failed=() skipped=()
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python_of() { # a working interpreter of this version, or nothing: pyenv's shims are there also where none works
  local candidate
  for candidate in "python$1" "$(pyenv root 2>/dev/null || true)/versions/$1".*/bin/python; do
    if "$candidate" -c 'import venv' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
}

skip() { # NAME REASON
  echo "matrix: $1 skipped: $2"
  skipped+=("$1 ($2)")
}

install() { # ENVIRONMENT ARGUMENT...: within the time that is left; what went wrong is kept in $folder/error
  local environment=$1
  shift
  timeout $((ends > SECONDS ? ends - SECONDS : 1)) \
    "$uv" pip install --quiet --python "$environment" "${until[@]}" "$@" 2>"$folder/error"
}

run() { # NAME PYTHON RESOLUTION
  local name=$1 python=$2 resolution=$3 environment=$folder/environment torch=() code=0
  if ((ends - SECONDS < 180)); then
    skip "$name" "its time is used up"
    return
  fi
  rm -rf "$environment"
  "$uv" venv --quiet --python "$python" "$environment"
  if [ -z "${MATRIX_GPU:-}" ] || [ "$resolution" = highest ]; then
    if "$uv" pip install --quiet --python "$environment" --no-index --no-deps torch 2>/dev/null; then
      "$uv" pip freeze --python "$environment" | grep '^torch==' >"$folder/torch.txt"
      torch=(--override "$folder/torch.txt")
    elif [ -z "${MATRIX_GPU:-}" ]; then
      skip "$name" "no CPU wheel of torch for it is found"
      return
    fi
  fi
  if [ -z "${torch[*]}" ] && (($(df -Pk "$folder" | awk 'NR == 2 {print int($4 / 2^20)}') < needed_gigabytes)); then
    skip "$name" "a torch for GPUs needs $needed_gigabytes GB of free disk"
    return
  fi
  if ! install "$environment" "${tools[@]}"; then
    skip "$name" "the packages that the tests need cannot be had"
    return
  fi
  # what the tests themselves need stays as it is; only attribkit's own needs are taken at their oldest
  if ! install "$environment" --resolution "$resolution" "${torch[@]}" --requirements pyproject.toml \
    --extra fast --extra hf || ! install "$environment" --no-deps "$wheel"; then
    cat "$folder/error"
    if grep -q 'No solution found' "$folder/error"; then
      failed+=("$name (no versions fit together)")
    else
      skip "$name" "attribkit's packages cannot be had"
    fi
    return
  fi
  echo "matrix: $name"
  "$uv" pip freeze --python "$environment" | grep -iE '^(torch|numpy|pandas|scipy|matplotlib|lightning|pyarrow|captum|numba|typer|transformers)=='
  # an old version's warnings about a new one's are not ours to mend: they are shown, not errors
  # not `python -m pytest`, which would import the sources instead of the wheel
  (cd "$folder/source" && timeout $((ends > SECONDS ? ends - SECONDS : 1)) "$environment/bin/pytest" "${fast[@]}" \
    -m 'not browser and not data' --numprocesses auto -o filterwarnings= -p no:cacheprovider) || code=$?
  case $code in
    0) passed+=("$name") ;;
    124) skip "$name" "its tests were stopped when the time was used up" ;;
    *) failed+=("$name") ;;
  esac
}

list() { # ITEM...: the items of the closing line
  local joined=
  (($# == 0)) || printf -v joined ', %s' "$@"
  [ -n "$joined" ] && echo "${joined:2}" || echo none
}

if ! command -v "$uv" >/dev/null; then
  skip "all" "uv is not installed and cannot be had here"
elif ! "$uv" build --quiet "${until[@]}" --out-dir "$folder/dist" . 2>"$folder/error"; then
  cat "$folder/error"
  skip "all" "the package cannot be built here; tests/test_package.py builds it without a network"
else
  wheel=$(echo "$folder"/dist/*.whl)
  mkdir "$folder/source"
  tar --extract --file "$folder"/dist/*.tar.gz --directory "$folder/source" --strip-components 1
  # the oldest versions of numpy, safetensors and others have no wheels for every newer Python
  for name in "3.11 lowest-direct" "3.13 highest" "3.12 highest" "3.11 highest"; do
    python=$(python_of "${name% *}")
    if [ -z "$python" ]; then
      skip "$name" "this machine has no Python ${name% *}"
    else
      run "$name" "$python" "${name#* }"
    fi
  done
fi
echo "matrix: passed: $(list "${passed[@]}"); failed: $(list "${failed[@]}"); skipped: $(list "${skipped[@]}")"
((${#failed[@]} == 0))
