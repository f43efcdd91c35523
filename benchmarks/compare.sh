#!/usr/bin/env bash
# Runs the workloads on eigengrad and on libtorch in turns, and prints one table.
#   compare.sh [--threads "1 2"] [--rounds 3] [--min-time 0.05] [--groups "a b c d e f g h"] [--clock wall] [--bin <folder>]
# One turn is one group on one side; sides alternate, so that a slow moment of the machine hits both. A figure is the
# least of the rounds, each a mean over --min-time: other work on the machine only ever adds.
# --clock cpu counts the processor time of the calling thread instead, for one thread on a machine that is not idle.
# libtorch runs at its best setting: OpenBLAS with OpenMP and its
# AVX-512 kernels where the processor has them, and a malloc that keeps its memory.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
threads="1 2" rounds=3 min_time=0.05 clock=wall groups="a b c d e f g h" bin=$here/../build/bench/bin
while [ $# -gt 0 ]; do
  case $1 in
    --threads)  threads=$2 ;;
    --rounds)   rounds=$2 ;;
    --min-time) min_time=$2 ;;
    --groups)   groups=$2 ;;
    --clock)    clock=$2 ;;
    --bin)      bin=$2 ;;
    *) echo "compare.sh: no option '$1': --threads --rounds --min-time --groups --clock --bin" >&2; exit 2 ;;
  esac
  shift 2 || { echo "compare.sh: an option without its value" >&2; exit 2; }
done
case $clock in wall) column=3 ;; cpu) column=4 ;; *) echo "compare.sh: --clock is wall or cpu" >&2; exit 2 ;; esac
raw=$(mktemp) || exit
trap 'rm -f "$raw"' EXIT

torch_settings=(MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=67108864)
blas=$(dirname "$(ls /usr/lib/*/openblas-openmp/libblas.so.3 2>/dev/null | head -n 1)" 2>/dev/null)
[ -d "$blas" ] && [ "$blas" != . ] && torch_settings+=("LD_LIBRARY_PATH=$blas")
if grep -qw avx512bw /proc/cpuinfo 2>/dev/null; then
  torch_settings+=(OPENBLAS_CORETYPE=SKYLAKEX ATEN_CPU_CAPABILITY=avx512)
fi

# turn <side> <program> <threads> <group>: lines `side, group, workload, threads, microseconds`.
turn() {
  [ -x "$bin/$2" ] || return 0
  local settings=(_=)
  [ "$1" = torch ] && settings=(-u OPENBLAS_NUM_THREADS "OMP_NUM_THREADS=$3" "${torch_settings[@]}")
  env "${settings[@]}" "$bin/$2" --threads="$3" --min-time="$min_time" --benchmark_filter="^$4/" 2>/dev/null |
    awk -v side="$1" -v group="$4" -v column="$column" 'BEGIN { FS = OFS = "\t" } NF == 4 { print side, group, $1, $2, $column }' >>"$raw"
}

for t in $threads; do
  for ((round = 1; round <= rounds; ++round)); do
    turn ours benchmarks 1 limit
    for group in $groups; do
      printf '\r%s thread(s), round %d of %d, group %s ' "$t" "$round" "$rounds" "$group" >&2
      turn ours benchmarks "$t" "$group"
      turn torch benchmarks_torch "$t" "$group"
    done
  done
done
printf '\r\033[K' >&2

awk -v goals="$here/goals.tsv" '
  function least(list,    n, v, i, x) {
    n = split(list, v, " "); x = v[1] + 0
    for (i = 2; i <= n; ++i) if (v[i] + 0 < x) x = v[i] + 0
    return x
  }
  function number(x) { return x >= 1000 ? sprintf("%.0f", x) : x >= 100 ? sprintf("%.1f", x) : sprintf("%.3g", x) }
  function goal_of(name,    i) { if (name ~ /memory/) return 0; for (i = 1; i <= n_goals; ++i) if (name ~ "^" pattern[i] "$") return goal[i]; return 0 }
  # Share of what the machine can do: forward norms against a copy of the tensor, products against multiply-adds.
  function share(name, us, threads,    p, s) {
    split(name, p, "/")
    if (p[1] == "b" && p[length(p)] == "fwd" && (("limit/copy/" p[3]) in limit) && threads == 1) return sprintf("%.0f %% of copy", 100 * limit["limit/copy/" p[3]] / us)
    if (p[2] == "matmul") { split(p[3], s, "x"); return sprintf("%.0f %% of FMA", 100 * limit["limit/fma"] * 2e-6 * s[1] * s[2] * s[3] / us / threads) }
    return ""
  }
  BEGIN {
    FS = "\t"
    while ((getline line < goals) > 0) if (line !~ /^#/ && split(line, f, "\t") == 2) { pattern[++n_goals] = f[1]; goal[n_goals] = f[2] }
  }
  $2 == "limit" { if (!($3 in limit) || $5 + 0 < limit[$3] + 0) limit[$3] = $5; next }
  { name = $3; if (name == "resident MB") name = $2 "/resident memory, MB"
    key = name "\t" $4; if (!(key in seen)) { seen[key] = 1; order[++n] = key }
    all[$1, key] = all[$1, key] " " $5 }
  END {
    if (limit["limit/fma"]) printf "one core: %.0f GFLOP/s of multiply-adds\n\n", 1000 / limit["limit/fma"]
    printf "| %-50s | thr | %9s | %9s | %6s | %4s | %4s | %-14s |\n", "workload", "ours us", "torch us", "ratio", "goal", "met", "of the limit"
    print "| --- | ---: | ---: | ---: | ---: | ---: | :--- | :--- |"
    for (i = 1; i <= n; ++i) {
      split(order[i], k, "\t"); ours = least(all["ours", order[i]]); torch = least(all["torch", order[i]])
      g = goal_of(k[1]); r = ours && torch ? torch / ours : 0
      met = g && r ? (r >= g ? "yes" : "no") : ""
      if (met == "yes") ++good[k[2]]; if (met) ++with[k[2]]
      printf "| %-50s | %3d | %9s | %9s | %6s | %4s | %4s | %-14s |\n", k[1], k[2], ours ? number(ours) : "-", torch ? number(torch) : "-",
        r ? sprintf("%.2f", r) : "-", g ? g : "", met, ours ? share(k[1], ours, k[2]) : ""
    }
    print ""
    for (t in with) printf "%d thread(s): %d of %d goals met\n", t, good[t], with[t]
  }' "$raw"
