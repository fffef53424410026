#!/usr/bin/env bash
# The real window under a virtual display: drag and drop, training, screenshots, accessibility, idle CPU, restart.
#
#   tests/desktop/run.sh [BINARY] [OUTPUT]
#
# BINARY   the program (default: $MW_BIN, else the debug build)
# OUTPUT   folder for screenshots, control lists and logs (default: $MW_SHOTS, else a new temporary folder)
#
# Ends with "N passed, N failed"; exit code 0 when nothing failed. It uses its own display, D-Bus, home and workspace.
# Debian/Ubuntu: apt-get install xvfb openbox dbus at-spi2-core python3-xlib python3-pyatspi libgl1-mesa-dri libgl1 \
#                                libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 fonts-dejavu-core
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=${1:-${MW_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/modelwright}}
output=${2:-${MW_SHOTS:-$(mktemp -d "${TMPDIR:-/tmp}/modelwright-desktop.XXXXXX")}}
# The distribution's Python has the Xlib and AT-SPI packages; one from pyenv or a venv has not.
python=${MW_PYTHON:-/usr/bin/python3}

missing=()
for tool in Xvfb openbox dbus-run-session dbus-send "$python"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
for module in Xlib pyatspi; do
    "$python" -c "import $module" 2>/dev/null || missing+=("python module $module")
done
if ((${#missing[@]})); then
    printf 'missing: %s\n' "${missing[@]}" >&2
    echo "see the head of $0 for the packages" >&2
    exit 2
fi
if [[ ! -x $binary ]]; then
    echo "no program at $binary; build it with cargo build, or name it: $0 BINARY" >&2
    exit 2
fi

mkdir -p "$output"
export PYTHONDONTWRITEBYTECODE=1
exec "$python" "$here/check.py" "$(readlink -f "$binary")" "$(readlink -f "$output")"
