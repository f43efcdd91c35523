#!/usr/bin/env bash
# Runs the workloads on eigengrad and on its peers in turns, and prints one table; `compare.sh --help` lists the options.
# One turn is one group on one side; sides alternate, so that a slow moment of the machine hits all. A figure is the
# least of the rounds, each a mean over --min-time: other work on the machine only ever adds.
# Peers run at their best setting: OpenBLAS with OpenMP, AVX-512 kernels where the processor has them, and a malloc that
# keeps its memory.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
threads="1 2" rounds=3 min_time=0.05 groups="a b c d e f g h" clock=wall
bin=$here/../build/bench/bin goals=$here/goals.tsv check=""
peers="libtorch dlib"  # programs benchmarks_<peer> in $bin; one that is not there is left out

usage() {
  cat <<'TEXT'
  --threads "1 2"               numbers of threads to measure with
  --groups "a b c d e f g h"    a: overhead, b: norms, c: convolutions, d: MLPs and products, e f g: GANs, h: style transfer
  --rounds 3                    turns of each side; a figure is the least of them
  --min-time 0.05               seconds a workload and round
  --clock wall                  or cpu: processor time of the calling thread, for one thread on a machine that is not idle
  --bin build/bench/bin         folder of the programs
  --goals benchmarks/goals.tsv  least ratios to reach
  --check                       look at the options only
A quick look: --groups "a d" --rounds 1
TEXT
}
die() { printf 'compare.sh: %s\n' "$1" >&2; exit "${2:-2}"; }

while [ $# -gt 0 ]; do
  option=$1
  case $option in
    -h | --help) usage; exit ;;
    --check) check=1; shift; continue ;;
    --threads | --groups | --rounds | --min-time | --clock | --bin | --goals) ;;
    *) die "no option '$option'; --help lists them" ;;
  esac
  [ $# -ge 2 ] || die "$option expects a value"
  case $option in
    --threads)  threads=$2 ;;
    --groups)   groups=$2 ;;
    --rounds)   rounds=$2 ;;
    --min-time) min_time=$2 ;;
    --clock)    clock=$2 ;;
    --bin)      bin=$2 ;;
    --goals)    goals=$2 ;;
  esac
  shift 2
done
[[ $threads =~ ^([1-9][0-9]*\ *)+$ ]] || die "--threads expects numbers, as in \"1 2\"; got '$threads'"
[[ $groups =~ ^([a-h]\ *)+$ ]] || die "--groups expects letters from a to h, as in \"a d\"; got '$groups'"
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "--rounds expects a number; got '$rounds'"
[[ $min_time =~ ^[0-9]*\.?[0-9]+$ ]] || die "--min-time expects seconds; got '$min_time'"
case $clock in wall) column=3 ;; cpu) column=4 ;; *) die "--clock expects wall or cpu; got '$clock'" ;; esac
[ -r "$goals" ] || die "cannot read the goals, $goals"
[ -z "$check" ] || exit 0
[ -x "$bin/benchmarks" ] || die "no program $bin/benchmarks; ./run bench builds it" 1

scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
failed=0

peer_settings=(-u OPENBLAS_NUM_THREADS MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=67108864)
blas=$(dirname "$(ls /usr/lib/*/openblas-openmp/libblas.so.3 2>/dev/null | head -n 1)" 2>/dev/null)
[ -d "$blas" ] && [ "$blas" != . ] && peer_settings+=("LD_LIBRARY_PATH=$blas")
if grep -qw avx512bw /proc/cpuinfo 2>/dev/null; then
  peer_settings+=(OPENBLAS_CORETYPE=SKYLAKEX ATEN_CPU_CAPABILITY=avx512)
fi

# turn <program> <threads> <group> <environment>: adds what the program prints to $scratch/lines, as
# `program, group, workload, threads, microseconds, limit, amount`. benchmarks/workload.cpp says what it prints.
turn() {
  local program=$1 threads=$2 group=$3 code
  shift 3
  [ -x "$bin/$program" ] || return 0
  [ -t 2 ] && printf '\r\033[K%s thread(s), round %d of %d, group %s' "$threads" "$round" "$rounds" "$group" >&2
  env "$@" "$bin/$program" --threads="$threads" --min-time="$min_time" --benchmark_filter="^$group/" 2>"$scratch/errors" |
    awk -v program="$program" -v group="$group" -v column="$column" 'BEGIN { FS = OFS = "\t" }
      NF == 6 { print program, group, $1, $2, $column, $5, $6 }' >>"$scratch/lines"
  code=${PIPESTATUS[0]}
  [ "$code" = 0 ] && return
  failed=1
  printf '%s, group %s, %s thread(s): exit code %s\n' "$program" "$group" "$threads" "$code" >&2
  tail -n 5 "$scratch/errors" >&2
}

for t in $threads; do
  for ((round = 1; round <= rounds; ++round)); do
    turn benchmarks "$t" limit
    for group in $groups; do
      turn benchmarks "$t" "$group"
      for peer in $peers; do turn "benchmarks_$peer" "$t" "$group" "${peer_settings[@]}" "OMP_NUM_THREADS=$t"; done
    done
  done
done
[ -t 2 ] && printf '\r\033[K' >&2

awk -v goals="$goals" -v peers="$peers" -f "$here/table.awk" "$scratch/lines"
[ "$failed" = 0 ] || die "the table lacks what the programs above did not finish" 1
