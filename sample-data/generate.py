#!/usr/bin/env python3
"""Writes the synthetic churn files of this folder. Standard library only.

    python3 sample-data/generate.py            write the files beside this script
    python3 sample-data/generate.py --check    compare the files with what would be written, byte for byte
    python3 sample-data/generate.py --facts    also print the counts that README.md quotes

Every person, number and note is invented here; nothing was taken from a real company. The same SEED gives the same
bytes on every platform: the only random source is `random.Random.random`, whose sequence Python guarantees, and normal
numbers are sums of twelve uniforms, so no platform's mathematics library decides a digit.
"""

import argparse
import collections
import csv
import datetime
import io
import math
import pathlib
import random
import sys

SEED = 20260131
HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = [
    "customer_id", "signup_date", "postcode", "region", "age", "senior", "plan", "contract", "plan_since",
    "payment_method", "paperless_billing", "tenure_months", "monthly_charge", "currency", "data_gb", "support_calls",
    "days_since_login", "modem_age_months", "satisfaction", "support_note", "final_invoice_sent", "churned",
]  # fmt: skip


class Dice:
    """Draws from `random()` alone, so that a Python release cannot change a file."""

    def __init__(self, seed):
        self.uniform = random.Random(seed).random

    def normal(self, mean=0.0, deviation=1.0):
        """Irwin–Hall: twelve uniforms minus six, cut off at six standard deviations."""
        total = 0.0
        for _ in range(12):  # not sum(): Python 3.12 began to add floats with compensation
            total += self.uniform()
        return mean + deviation * (total - 6.0)

    def exponential(self, mean):
        return -mean * math.log(1.0 - self.uniform())

    def poisson(self, mean):
        limit, product, count = math.exp(-mean), self.uniform(), 0
        while product > limit:
            product *= self.uniform()
            count += 1
        return count

    def chance(self, probability):
        return self.uniform() < probability

    def below(self, limit):
        return int(self.uniform() * limit)

    def pick(self, weighted):
        """`weighted` is a list of (value, weight)."""
        point = self.uniform() * sum(weight for _, weight in weighted)
        for value, weight in weighted:
            point -= weight
            if point < 0:
                return value
        return weighted[-1][0]

    def rows(self, candidates, count):
        """`count` different items of `candidates`, in the order of the draw."""
        pool = list(candidates)
        return [pool.pop(self.below(len(pool))) for _ in range(count)]

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]


class Month:
    """What differs between one month's file and the next."""

    def __init__(self, end, **changes):
        self.end = end
        self.price_factor = changes.get("price_factor", 1.0)
        self.data_factor = changes.get("data_factor", 1.0)
        self.calls_factor = changes.get("calls_factor", 1.0)
        self.wallet_weight = changes.get("wallet_weight", 0.0)


REGIONS = [("North", 22), ("South", 18), ("East", 24), ("West", 20), ("Centre", 16)]
# The first two digits of a region's postcodes: the East's begin with 0.
POSTCODE_START = {"East": "01", "North": "20", "Centre": "36", "West": "50", "South": "80"}
PRICE = {"Basic": 24.0, "Standard": 46.0, "Premium": 78.0}
DATA = {"Basic": 6.0, "Standard": 18.0, "Premium": 42.0}
NOTE_OPENINGS = [
    "Asked about", "Called because of", "Wrote in about", "Chat about", "Complained about", "Second contact about",
    "Thanked us for help with", "Wanted to know more about",
]  # fmt: skip
NOTE_TOPICS = [
    "the last invoice", "slow data in the evening", "a broken modem", "roaming abroad", "moving to a new flat",
    "the app's sign-in", "a second SIM card", "the price after the first year", "parental controls", "a late refund",
    "coverage in the café at work", "a competitor's offer",
]  # fmt: skip
NOTE_ENDINGS = [
    "solved on the phone", "ticket {n} opened", "technician booked, slot {n}", "sent guide {n}, no answer yet",
    'said "call me back" after {n} minutes', "offered credit of {n} euros", "told to restart, line {n}",
]  # fmt: skip


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def customer(dice, month, number):
    """One row as text cells by column name, without planted flaws."""
    tenure = min(144, 1 + int(dice.exponential(31.0)))
    signup = month.end - datetime.timedelta(days=tenure * 30 + dice.below(30))
    plan = dice.pick([("Basic", 34), ("Standard", 43), ("Premium", 23)])
    contract = dice.pick([("monthly", 54), ("one year", 27), ("two years", 19)])
    region = dice.pick(REGIONS)
    age = int(min(93, max(18, dice.normal(47, 15))))
    methods = [("card", 41), ("direct debit", 37), ("bank transfer", 22), ("wallet", month.wallet_weight)]
    method = dice.pick(methods)
    charge = max(9.9, PRICE[plan] * dice.normal(1.0, 0.13) * month.price_factor - (3.0 if contract != "monthly" else 0.0))
    data = max(0.1, DATA[plan] * (0.25 + dice.exponential(0.75)) * month.data_factor)
    calls = dice.poisson((0.5 + dice.exponential(0.9)) * month.calls_factor)
    idle_days = min(365, int(dice.exponential(6.0) + (dice.exponential(45.0) if dice.chance(0.18) else 0.0)))
    mood = dice.normal(3.6, 1.0) - 0.2 * calls
    satisfaction = min(5, max(1, round(mood)))

    logit = -2.14
    logit += {"monthly": 1.0, "one year": -0.45, "two years": -1.5}[contract]
    logit += -0.021 * min(tenure, 72) + 0.42 * min(calls, 6) - 0.42 * (mood - 3.2)
    logit += 0.018 * (charge - 45.0) + 0.016 * min(idle_days, 90)
    logit += {"card": 0.1, "direct debit": -0.3, "bank transfer": 0.35, "wallet": 0.3}[method]
    logit += 0.3 if plan == "Basic" and data > 8.0 else 0.0
    logit += -0.012 * (age - 47)
    logit += 0.12 if region == "East" else 0.0
    churned = dice.chance(sigmoid(logit))

    changed_plan = dice.chance(0.5)
    booked = signup + datetime.timedelta(days=int(dice.uniform() * tenure * 30) if changed_plan else 0)
    note = ""
    if dice.chance(0.13 + 0.08 * min(calls, 4)):
        topic = dice.pick([(t, 3.0 if churned and "offer" in t else 1.0) for t in NOTE_TOPICS])
        ending = dice.pick([(e, 1.0) for e in NOTE_ENDINGS]).format(n=10 + dice.below(890))
        note = f"{dice.pick([(o, 1.0) for o in NOTE_OPENINGS])} {topic}, {ending}"
    return {
        "customer_id": f"C{number:07d}",
        "signup_date": signup.isoformat(),
        "postcode": f"{POSTCODE_START[region]}{dice.below(10) * 37 + 67:03d}",
        "region": region,
        "age": str(age),
        "senior": "1" if age >= 65 else "0",
        "plan": plan,
        "contract": contract,
        "plan_since": f"{booked.isoformat()} {8 + dice.below(12):02d}:{dice.below(60):02d}:{dice.below(60):02d}",
        "payment_method": method,
        "paperless_billing": "true" if dice.chance(0.62) else "false",
        "tenure_months": str(tenure),
        "monthly_charge": f"{charge:.2f}",
        "currency": "EUR",
        "data_gb": f"{data:.1f}",
        "support_calls": str(calls),
        "days_since_login": str(idle_days),
        "modem_age_months": str(min(tenure, dice.below(61))),
        "satisfaction": str(satisfaction),
        "support_note": note,
        # The leak: billing closes an account after it left, so this is known only once the answer is known.
        "final_invoice_sent": "yes" if dice.chance(0.97 if churned else 0.004) else "no",
        "churned": "yes" if churned else "no",
    }


def customers(dice, month, first_number, count):
    numbers = list(range(first_number, first_number + count * 3))
    return [customer(dice, month, number) for number in dice.rows(numbers, count)]


def leave_gaps(dice, rows):
    """The gaps every month has; people with the Basic plan more often have no data reading."""
    for row in rows:
        if dice.chance(0.021):
            row["monthly_charge"] = ""
        if dice.chance(0.11 if row["plan"] == "Basic" else 0.045):
            row["data_gb"] = ""
        if dice.chance(0.18):
            row["satisfaction"] = "NA" if dice.chance(0.1) else ""
        if dice.chance(0.02):
            row["modem_age_months"] = "see note"


def plant_january(dice, rows):
    """The flaws of the reference month that the README lists."""
    basic = [row for row in rows if row["plan"] == "Basic"]
    for spelling, count in [("basic ", 45), ("BASIC", 30)]:
        for row in dice.rows([r for r in basic if r["plan"] == "Basic"], count):
            row["plan"] = spelling
    for age, count in [("-1", 12), ("0", 6), ("199", 9)]:
        for row in dice.rows([r for r in rows if 18 <= int(r["age"]) <= 93], count):
            row["age"] = age
    pristine = list(rows)
    for source in dice.rows(pristine, 200):
        rows.insert(dice.below(len(rows) + 1), dict(source))
    for source in dice.rows(pristine, 40):
        flipped = dict(source, churned="no" if source["churned"] == "yes" else "yes")
        rows.insert(dice.below(len(rows) + 1), flipped)


def plant_march(dice, rows):
    """Readings below anything January had, and answers that are not known yet."""
    for row in dice.rows(rows, 15):
        row["data_gb"] = "-1.0"
    labels = [{"customer_id": row["customer_id"], "churned": row["churned"]} for row in rows]
    dice.shuffle(labels)
    for row in dice.rows(rows, 3200):
        row["churned"] = ""
        row["final_invoice_sent"] = "no"
    return labels


def to_csv(rows, columns):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def broken(january):
    """200 lines without quotes, but for a cell lost in line 61 and a quote that never closes in line 121."""
    lines = [line for line in january.split("\n") if '"' not in line][:200]
    lines[60] = lines[60].rsplit(",", 1)[0]
    cells = lines[120].split(",")
    cells[COLUMNS.index("support_note")] = '"Customer said he would'
    lines[120] = ",".join(cells)
    return "\n".join(lines) + "\n"


def build():
    """File name → text, and the tables behind the monthly files."""
    tables, texts = {}, {}
    january = customers(dice := Dice(SEED), Month(datetime.date(2026, 1, 31)), 1_000_000, 19_760)
    leave_gaps(dice, january)
    plant_january(dice, january)
    tables["churn-2026-01.csv"] = january

    february = customers(dice := Dice(SEED + 1), Month(datetime.date(2026, 2, 28)), 2_000_000, 8_000)
    leave_gaps(dice, february)
    tables["churn-2026-02.csv"] = february

    changed = Month(datetime.date(2026, 3, 31), price_factor=1.14, data_factor=1.4, calls_factor=1.5, wallet_weight=24.0)
    march = customers(dice := Dice(SEED + 2), changed, 3_000_000, 8_000)
    leave_gaps(dice, march)
    labels = plant_march(dice, march)
    tables["churn-2026-03.csv"] = march

    for name, rows in tables.items():
        texts[name] = to_csv(rows, COLUMNS)
    texts["churn-2026-03-labels.csv"] = to_csv(labels, ["customer_id", "churned"])
    texts["churn-broken.csv"] = broken(texts["churn-2026-01.csv"])
    return texts, tables


def print_facts(tables):
    for name, rows in tables.items():
        cells = [tuple(row.values()) for row in rows]
        repeats = len(cells) - len(set(cells))
        labels = collections.defaultdict(set)
        for row in cells:
            labels[row[:-1]].add(row[-1])
        print(f"{name}: {len(rows)} rows")
        print("  exact repeats:", repeats, "  groups with both answers:", sum(len(v) > 1 for v in labels.values()))
        for column in ["monthly_charge", "data_gb", "satisfaction", "support_note", "modem_age_months", "churned"]:
            values = collections.Counter(row[column] for row in rows)
            print(f"  {column}: empty {values['']}, NA {values['NA']}, see note {values['see note']}")
        for column in ["plan", "payment_method", "final_invoice_sent", "churned"]:
            print(f"  {column}:", dict(sorted(collections.Counter(row[column] for row in rows).items())))
        print("  ages outside 18 to 93:", sum(not 18 <= int(row["age"]) <= 93 for row in rows))
        print("  leading zero postcodes:", sum(row["postcode"].startswith("0") for row in rows))
        print("  negative data_gb:", sum(row["data_gb"].startswith("-") for row in rows))


def main():
    parser = argparse.ArgumentParser(description="Write the synthetic churn files beside this script.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit 1 on a difference")
    parser.add_argument("--facts", action="store_true", help="print the counts that README.md quotes")
    options = parser.parse_args()
    texts, tables = build()
    different = []
    for name, text in texts.items():
        path, data = HERE / name, text.encode("utf-8")
        if not options.check:
            path.write_bytes(data)
        elif not path.is_file() or path.read_bytes() != data:
            different.append(name)
    if options.facts:
        print_facts(tables)
    if different:
        sys.exit("not what this generator writes: " + ", ".join(different))


if __name__ == "__main__":
    main()
