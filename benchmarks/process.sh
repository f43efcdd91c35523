#!/usr/bin/env bash
# Group j: what a program costs before it computes anything. Builds hello_* and train_* of process/ against an installed
# eigengrad (from build/bench, into a temporary folder) and against libtorch where its headers are; best of `rounds`.
#   process.sh [rounds]
# Columns: compile and link in seconds, start (hello) and run (train) in milliseconds of wall time, peak memory of train
# in MB, and the bytes to install: headers and libraries for eigengrad, every shared library loaded for libtorch.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
rounds=${1:-3} cxx=${CXX:-g++}
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT

# best <rounds> <command>: least wall time in milliseconds.
best() {
  local n=$1 least="" t0 t1 i
  shift
  for ((i = 0; i < n; ++i)); do
    t0=$(date +%s%N)
    "$@" >/dev/null || return 1
    t1=$(date +%s%N)
    { [ -z "$least" ] || [ $((t1 - t0)) -lt "$least" ]; } && least=$((t1 - t0))
  done
  awk -v t="$least" 'BEGIN { printf "%.1f", t / 1e6 }'
}

# row <side> <flags> <libraries>: `compile+link of train_<side>.cpp, start, run, memory`.
row() {
  local side=$1 flags=$2 libraries=$3 seconds start run memory
  # shellcheck disable=SC2086
  seconds=$(best "$rounds" "$cxx" -O2 $flags "$here/process/train_$side.cpp" -o "$work/train_$side" $libraries) || return 1
  # shellcheck disable=SC2086
  "$cxx" -O2 $flags "$here/process/hello_$side.cpp" -o "$work/hello_$side" $libraries || return 1
  start=$(best 15 "$work/hello_$side") run=$(best 7 "$work/train_$side")
  memory=$(peak "$work/train_$side")
  printf '| %-9s | %8.2f | %8s | %8s | %9s | %10s |\n' "$side" "$(awk -v t="$seconds" 'BEGIN { print t / 1e3 }')" "$start" "$run" "$memory" \
    "$(awk -v b="$4" 'BEGIN { printf "%.1f", b / 1e6 }')"
}

# Peak resident memory in MB, as the kernel's record of a finished child says.
peak() {
  if [ -x /usr/bin/time ]; then
    /usr/bin/time -f %M "$1" 2>&1 >/dev/null | tail -n 1 | awk '{ printf "%.1f", $1 / 1024 }'
  else
    printf '-'
  fi
}

echo "| library   | build, s | start ms | train ms | memory MB | install MB |"
echo "| --- | ---: | ---: | ---: | ---: | ---: |"
cmake --install "$here/../build/bench" --prefix "$work/ours" --strip >/dev/null || exit
lib=$(dirname "$(find "$work/ours" -name 'libeigengrad_core.a')")
size=$(find "$work/ours" -type f -exec stat -c %s {} + | awk '{ s += $1 } END { print s }')
row eigengrad "-std=c++20 -I$work/ours/include" \
  "-L$lib -leigengrad_nn -leigengrad_optim -leigengrad_autograd -leigengrad_core -pthread" "$size"

api=/usr/include/torch/csrc/api/include
if [ -d "$api" ]; then
  blas=$(ls /usr/lib/*/openblas-openmp/libblas.so.3 2>/dev/null | head -n 1)
  [ -n "$blas" ] && export LD_LIBRARY_PATH=${blas%/*}
  "$cxx" -O1 -std=c++17 "-I$api" "$here/process/hello_torch.cpp" -o "$work/probe" -ltorch -ltorch_cpu -lc10 &&
    size=$(ldd "$work/probe" | awk '$3 ~ /^\// { print $3 }' | xargs -n 1 readlink -f | sort -u | xargs stat -c %s | awk '{ s += $1 } END { print s }')
  row torch "-std=c++17 -I$api" "-ltorch -ltorch_cpu -lc10" "$size"
fi
