"""Medians of the measured lines as Markdown: report.py FILE.jsonl"""

import collections
import json
import statistics
import sys

groups = collections.defaultdict(list)
for line in open(sys.argv[1], encoding="utf-8"):
    one = json.loads(line)
    groups[one["task"], one["rows"], f"{one['tool']} {one['version']}".strip()].append(one)

for (task, rows) in dict.fromkeys((task, rows) for task, rows, _ in groups):
    ours = None
    print(f"\n{task}, {rows:,} rows\n\n| | CPU s | wall s | peak MB | CPU ÷ ours | wall ÷ ours | rounds |\n|---|---:|---:|---:|---:|---:|---:|")
    here = [(tool, ones) for (t, r, tool), ones in groups.items() if (t, r) == (task, rows)]
    for tool, ones in sorted(here, key=lambda pair: not pair[0].startswith("modelwright")):
        cpu, wall, peak = (statistics.median(one[key] for one in ones) for key in ["cpu_s", "wall_s", "peak_mb"])
        ours = ours or (cpu, wall)
        ratio = lambda n, of: f"{n / of:.2f}" if of else "–"
        print(f"| {tool} | {cpu:.2f} | {wall:.2f} | {peak:.0f} | {ratio(cpu, ours[0])} | {ratio(wall, ours[1])} | {len(ones)} |")
