#!/usr/bin/env bash
# The floor of a round: mosquitto's own clients publish a model once to N subscribers that are already connected, and then N times to one. Nothing is parsed or added.
#   tests/round-floor.sh PORT FILE N PIECES
# FILE holds what is published, PIECES times (an MQTT packet ends at 256 MB). Prints the seconds.
set -u
export PATH=$PATH:/usr/sbin
port=$1 file=$2 n=$3 pieces=$4

# Connections that stand, in the broker's eyes.
connected() { awk -v port="$(printf ':%04X' "$port")" '$4 == "01" && index($2, port) { n++ } END { print n + 0 }' /proc/net/tcp; }
until_connected() { until [ "$(connected)" -ge "$1" ]; do sleep 0.01; done; sleep 0.2; }
publish() { local piece; for piece in $(seq "$pieces"); do mosquitto_pub -p "$port" -q 1 -t "$1" -f "$file" || exit 1; done; }

subscribers=()
for _ in $(seq "$n"); do mosquitto_sub -p "$port" -q 1 -t floor/down -C "$pieces" > /dev/null & subscribers+=($!); done
until_connected "$n"
start=$EPOCHREALTIME
publish floor/down
wait "${subscribers[@]}"
down=$EPOCHREALTIME

mosquitto_sub -p "$port" -q 1 -t floor/up -C $((n * pieces)) > /dev/null & subscriber=$!
until_connected 1
up=$EPOCHREALTIME
publishers=()
for _ in $(seq "$n"); do publish floor/up & publishers+=($!); done
wait "$subscriber" "${publishers[@]}"
end=$EPOCHREALTIME
awk -v a="$start" -v b="$down" -v c="$up" -v d="$end" 'BEGIN { printf "%.4f %.4f\n", b - a, d - c }'
