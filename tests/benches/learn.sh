#!/usr/bin/env bash
# What training costs and how good it is, beside scikit-learn, LightGBM and XGBoost on the same rows.
#
#   tests/benches/learn.sh speed [ROWS…] [LEARNER…] [wide] [words]
#                                           CPU seconds and scores of the learners on three kinds of table
#   tests/benches/learn.sh quality [SEEDS]  ranks on small tables, everybody with defaults
#   tests/benches/learn.sh flow             "train all" beside the same flow in scikit-learn; budgets; cancelling
#
# MW_BINARY=PATH measures a program that is already built; MW_PYTHON=PATH takes an environment that has
# peers/requirements-learn.txt; MW_DATA=DIR keeps the tables there. Every program has two threads. Compare CPU seconds
# where the machine has other work to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

task=${1:?speed, quality or flow}
shift
cache=${XDG_CACHE_HOME:-$HOME/.cache}/modelwright
python=${MW_PYTHON:-}
if [[ -z $python ]]; then
    venv=$cache/bench-$(sha256sum <(cat peers/requirements-learn.txt; python3 --version) | cut -c1-12)
    if [[ ! -e $venv/complete ]]; then
        rm -rf "$venv"
        python3 -m venv "$venv" >&2
        timeout 1200 "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement peers/requirements-learn.txt >&2
        touch "$venv/complete"
    fi
    python=$venv/bin/python
fi
if [[ -z ${MW_BINARY:-} ]]; then
    cargo build --locked --release
    MW_BINARY=$(cargo metadata --format-version 1 --no-deps |
        "$python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/modelwright
fi
# No spinning while waiting: it would count as CPU seconds of the others.
export MW_BINARY MW_DATA=${MW_DATA:-$cache/bench} OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2 \
    MODELWRIGHT_THREADS=2
mkdir -p "$MW_DATA"
exec "$python" -W ignore "learn/$task.py" "$@"
