#!/usr/bin/env bash
# Ours and the other programs on the same file, one after the other in every round, and a Markdown table of the medians.
#
#   tests/benches/run.sh [ROWS] [ROUNDS]     1,000,000 rows, 5 rounds; also the growth from 10,000 rows to ROWS
#
# MW_BENCH=PATH measures a bench binary that is already built; MW_DATA=DIR keeps the data there (default: the user's
# cache folder). Compare CPU seconds where the machine has other work to do. Peak memory is that of the whole process.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

rows=${1:-1000000} rounds=${2:-5}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/modelwright
data=${MW_DATA:-$cache/bench}
mkdir -p "$data"

# environment REQUIREMENTS: the folder of a Python environment that has them, built once.
environment() {
    local venv
    venv=$cache/bench-$(sha256sum <(cat "$1"; python3 --version) | cut -c1-12)
    if [[ ! -e $venv/complete ]]; then
        rm -rf "$venv"
        python3 -m venv "$venv" >&2
        timeout 1200 "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$1" >&2 || return 1
        touch "$venv/complete"
    fi
    echo "$venv/bin/python"
}
python=$(environment peers/requirements.txt)
ydata=$(environment peers/requirements-ydata.txt) || { ydata= && echo "going on without ydata-profiling" >&2; }

ours=${MW_BENCH:-}
if [[ -z $ours ]]; then
    ours=$(cargo bench --locked --bench tables --no-run --message-format json |
        "$python" -c 'import json, sys; print([m["executable"] for m in map(json.loads, sys.stdin) if m.get("executable")][-1])')
fi

# table N: the CSV of N rows, written once and read once, so that it lies in the page cache.
table() {
    [[ -e $data/$1.csv && -e $data/$1.parquet ]] || "$python" peers/generate.py "$1" "$data" >&2
    cat "$data/$1.csv" >/dev/null
    echo "$data/$1.csv"
}

lines=$data/lines-$(date +%Y%m%d-%H%M%S).jsonl
file=$(table "$rows")
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    "$ours" load "$file" >>"$lines"
    for tool in pandas pandas-pyarrow pyarrow polars duckdb; do
        "$python" peers/measure.py load "$tool" "$file" >>"$lines"
    done
    "$ours" import "$file" >>"$lines"
    "$ours" profile "$file" >>"$lines"
    for tool in polars duckdb; do
        "$python" peers/measure.py profile "$tool" "$file" >>"$lines"
    done
    # Minutes a round: once is enough.
    [[ -z $ydata || $round -gt 1 ]] || "$ydata" peers/measure.py profile ydata "$file" >>"$lines" ||
        echo "ydata-profiling failed" >&2
done
for n in 10000 100000 1000000 10000000; do
    ((n < rows)) || break
    file=$(table "$n")
    for task in load import profile; do "$ours" "$task" "$file" >>"$lines"; done
done
"$python" report.py "$lines"
echo "the lines: $lines" >&2
