#!/usr/bin/env bash
# check.sh <source tree>: compare.sh on stubs of its programs prints the tables beside this file; wrong options and
# programs that end badly are reported.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
compare=$1/benchmarks/compare.sh run=$1/run
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
fail() { printf 'FAIL: %s\n' "$*"; failed=1; }

# stub <program>: prints the lines of stdin that fit the group and threads asked for; lines without a group fit all.
# The group "h" ends it by a signal after its lines.
stub() {
  cat >"$folder/$1.tsv"
  cat >"$folder/$1" <<'STUB'
#!/usr/bin/env bash
for argument in "$@"; do
  case $argument in --threads=*) threads=${argument#*=} ;; --benchmark_filter=*) group=${argument#*=^} ;; esac
done
awk -F'\t' -v t="$threads" -v group="$group" '$2 == t && (index($1, group) == 1 || $1 !~ "/")' "$0.tsv"
[ "$group" != h/ ] || { echo "a last word" >&2; kill -SEGV $$; }
STUB
  chmod +x "$folder/$1"
}
# table <expected> <arguments>: what compare.sh prints, and that it succeeds
table() {
  local expected=$here/$1
  shift
  "$compare" --bin "$folder" --goals "$here/goals.tsv" --rounds 1 "$@" >"$folder/table" 2>"$folder/errors" ||
    fail "compare.sh $* gave exit code $?: $(cat "$folder/errors")"
  diff "$expected" "$folder/table" || fail "compare.sh $* printed another table (< expected)"
}
# refused <exit code> <pattern> <command>: one line on stderr that fits, nothing on stdout
refused() {
  local code=0 text
  text=$("${@:3}" 2>&1 >"$folder/out") || code=$?
  if [ "$code" != "$1" ] || [ -s "$folder/out" ] || [ "$(printf '%s\n' "$text" | wc -l)" != 1 ] || ! grep -q -e "$2" <<<"$text"; then
    fail "${*:3} gave exit code $code and: $text"
  fi
}

refused 1 'no program' "$compare" --bin "$folder"

# workload, threads, by the clock, processor time, limit, amount
stub benchmarks <<'LINES'
limit/fma	1	10000	10000		1
limit/fma	2	8000	8000		1
limit/sweeps/channels/32x64x100/fwdbwd	1	60	60		1
limit/sweeps/channels/32x64x100/fwdbwd/past_caches	1	50	50		1
limit/sweeps/channels/32x64x100/fwdbwd	2	70	70		1
a/quick/16	1	0.1	0.1		1
a/slow/16	1	0.2	0.2		1
b/norm/32x64x100/fwdbwd	1	200	190	sweeps/channels/32x64x100/fwdbwd	1
b/norm/32x64x100/fwdbwd	2	100	90	sweeps/channels/32x64x100/fwdbwd	1
d/mlp/step	1	5000	4000	fma	0.25
d/mlp/step	2	2500	2200	fma	0.25
d/matmul/64x64x64	1	8	8	fma	0.000524288
h/style/step	1	300	300	fma	0.01
resident memory, MB	1	12.5	12.5		0
of which the work, MB	1	2.25	2.25		0
LINES
stub benchmarks_libtorch <<'LINES'
a/quick/16	1	1.2	1.2		1
a/slow/16	1	1.9	1.9		1
b/norm/32x64x100/fwdbwd	1	500	490		1
b/norm/32x64x100/fwdbwd	2	300	290		1
d/mlp/step	1	7000	6000		1
d/mlp/step	2	3000	2500		1
h/style/step	1	600	600		1
resident memory, MB	1	180	180		0
of which the work, MB	1	30	30		0
LINES
stub benchmarks_dlib <<'LINES'
d/mlp/step	1	20000	19000		1
d/mlp/step	2	5000	4500		1
LINES
table table.txt --groups "a b d" --threads "1 2"
table table_cpu.txt --groups d --threads 2 --clock cpu
rm "$folder/benchmarks_dlib"
table table_without_dlib.txt --groups d --threads 1

for program in benchmarks benchmarks_libtorch; do
  "$compare" --bin "$folder" --rounds 1 --threads 1 --groups "h a" >"$folder/table" 2>"$folder/errors"
  code=$?
  [ $code = 1 ] || fail "$program ends by a signal, compare.sh with exit code $code"
  grep -q "^$program, group h, 1 thread(s): exit code 139$" "$folder/errors" || fail "no word of $program: $(cat "$folder/errors")"
  grep -q '^a last word$' "$folder/errors" || fail "its last word is lost: $(cat "$folder/errors")"
  grep -q '^| a/slow/16 ' "$folder/table" || fail "the other groups are lost"
done

refused 2 "no option '--round'" "$compare" --round 3
refused 2 '--rounds expects a value' "$compare" --rounds
refused 2 "--groups expects .* 'a,b'" "$compare" --groups a,b
refused 2 "--threads expects .* '0'" "$compare" --threads 0
refused 2 "--min-time expects .* 'long'" "$compare" --min-time long
refused 2 "--clock expects .* 'sun'" "$compare" --clock sun
# Before anything is installed or built.
refused 2 "no option '--with-torch'" "$run" bench --with-torch
"$run" bench --help | grep -q -e --with-libtorch || fail "run bench --help does not name --with-libtorch"
"$run" bench --help | grep -q -e --min-time || fail "run bench --help does not name --min-time"

[ $failed = 0 ] && echo "the tables are as expected"
exit $failed
