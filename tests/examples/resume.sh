#!/usr/bin/env bash
# resume.sh <heartbeat_gan>: a run killed at any moment and resumed leaves the same bytes as a run without a break;
# bad arguments and a checkpoint of other settings are one line and exit code 2.
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
settings="--steps 130 --runs 2 --batch 2"

"$program" $settings --out "$folder/whole" > /dev/null

"$program" $settings --out "$folder/broken" > /dev/null &
pid=$!
while kill -0 $pid 2> /dev/null && [ ! -e "$folder/broken/checkpoint.safetensors" ]; do sleep 0.01; done
kill -9 $pid 2> /dev/null || true
wait $pid 2> /dev/null || true
"$program" $settings --out "$folder/broken" --resume > /dev/null
for file in checkpoint.safetensors metrics.csv generated_seed7.npy generated_seed8.npy; do
  cmp "$folder/whole/$file" "$folder/broken/$file"
done

expect() { # <exit code> <pattern> <arguments...>
  local code=0 text
  text=$("$program" "${@:3}" 2>&1 > /dev/null) || code=$?
  if [ $code -ne "$1" ] || [ "$(printf '%s\n' "$text" | wc -l)" -ne 1 ] || ! printf '%s' "$text" | grep -q "$2"; then
    echo "FAIL: ${*:3} gave exit code $code and: $text"
    exit 1
  fi
}
expect 2 'steps' --steps zero
expect 2 'seed' --sead 3
expect 2 'the checkpoint was made with' --steps 131 --runs 2 --batch 2 --out "$folder/whole" --resume
expect 1 'no_such' --data "$folder/no_such.npy" --out "$folder/x"
echo "resumed runs leave the same bytes"
