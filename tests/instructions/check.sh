#!/usr/bin/env bash
# check.sh <program> <compiler> [--update]
# Counts the instructions an operation takes (valgrind's callgrind) and compares them with figures.txt, which holds a
# figure a workload and compiler. A workload that needs over 10 % more than its figure fails; --update writes what was counted.
# Counts do not depend on the machine's speed or load, so unlike a timed test this one cannot fail by chance.
set -uo pipefail
program=$1 compiler=$2 update=${3:-}
figures=$(dirname "${BASH_SOURCE[0]}")/figures.txt
slack=10
skipped=77

# count <workload> <rounds>: instructions of the whole program
count() {
  local text total
  text=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1)
  total=$(printf '%s\n' "$text" | sed -n 's/^==[0-9]*== Collected : *\([0-9]*\)$/\1/p')
  if [ -z "$total" ]; then
    printf 'instructions: counting %s failed:\n%s\n' "$1" "$text" >&2
    return 1
  fi
  echo "$total"
}

if [ "$update" != --update ] && ! grep -q "^$compiler " "$figures"; then
  echo "instructions: $figures holds no figures of $compiler; 'check.sh <program> $compiler --update' writes them"
  exit $skipped
fi

grown=() new=""
printf '%-26s %12s %12s\n' "instructions an operation" counted figure
while read -r name operations few many; do
  first=$(count "$name" "$few") && second=$(count "$name" "$many") || exit 1
  now=$(((second - first) / ((many - few) * operations)))
  figure=$(awk -v c="$compiler" -v n="$name" '$1 == c && $2 == n { print $3 }' "$figures")
  printf '%-26s %12d %12s\n' "$name" "$now" "${figure:-none}"
  new+="$compiler $name $now"$'\n'
  [ -n "$figure" ] || { [ "$update" = --update ] || grown+=("$name has no figure of $compiler"); continue; }
  if [ $((now * 100)) -gt $((figure * (100 + slack))) ]; then
    grown+=("$name grew from $figure to $now instructions an operation, $((now * 100 / figure - 100)) % more")
  elif [ $((now * 100)) -lt $((figure * (100 - slack))) ]; then
    echo "  $name is over $slack % below its figure: --update keeps the gain"
  fi
done < <("$program")
[ -n "$new" ] || { echo "instructions: $program names no workloads"; exit 1; }

if [ "$update" = --update ]; then
  { grep '^#' "$figures"; { grep -v -e '^#' -e "^$compiler " "$figures"; printf '%s' "$new"; } | sort -s -k1,1; } >"$figures.new" &&
    mv "$figures.new" "$figures" && echo "written to $figures"
elif [ ${#grown[@]} != 0 ]; then
  printf 'instructions: %s\n' "${grown[@]}"
  echo "over $slack % is too much to happen by accident; where it is meant, '$0 $program $compiler --update' records it"
  exit 1
fi
