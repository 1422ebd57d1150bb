#!/usr/bin/python3
"""The measuring part of scripts/bench, which says what the rows are (scripts/bench --help)."""
import argparse
import fnmatch
import json
import os
import re
import resource
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# glibc keeps freed memory: without this PyTorch is several times slower on large batches.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "1073741824",
}
LAYOUTS = ("nchw", "channels_last")
PASSES = ("forward", "input gradient", "weight gradient")
TARGETS = {"forward": 0.8, "input gradient": 0.8, "weight gradient": 0.6}
# The part of `retort bench` that measures each step's row.
STEPS = {
    "wrn-synthesis-step": "step",
    "wrn-student-step": "step",
    "demo-synthesis-step": "step",
    "demo-student-step": "step",
    "resnet20-training-step": "train",
    "resnet20-evaluation": "evaluate",
}
QUICK = ["demo-*", "conv2d 64x32x32 16->16 *", "conv2d 64x16x16 64->64 3x3/1 *",
         "conv2d 128x32x32 16->32 1x1/2 *"]
REPEATS = {"step": 1, "convolution": 3}  # of a round


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", usage="scripts/bench --help")
    parser.add_argument("--rows", action="append", default=[])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", default="bench.json")
    parser.add_argument("--retort", default="build/retort")
    # Another program that answers as yardstick.py does: for the test of this one.
    parser.add_argument("--yardstick", default=os.path.join(HERE, "yardstick.py"))
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    if options.rounds < 1:
        parser.error("--rounds takes a number from 1")
    options.rows = options.rows or (QUICK if options.quick else ["*"])
    return options


class Retort:
    def __init__(self, program):
        self.program, self.device = program, None

    def bench(self, *words):
        """What `retort bench` prints."""
        try:
            done = subprocess.run([self.program, "bench", *words], stdout=subprocess.PIPE,
                                  text=True)
        except OSError as error:
            sys.exit(f"scripts/bench: cannot run '{self.program}': {error.strerror}; "
                     "check --retort")
        if done.returncode != 0:
            sys.exit(f"scripts/bench: 'retort bench {' '.join(words)}' failed; its error stands "
                     "above")
        return done.stdout

    def convolutions(self):
        """Names of the convolutions' rows; copies of tensors stand beside them."""
        return [name for name in self.bench("conv2d", "--list").splitlines()
                if name.startswith("conv2d ")]

    def seconds(self, part, match, repeats):
        """Seconds by row of what has `match` in its name."""
        result = json.loads(self.bench(part, "--match", match, "--repeats", str(repeats), "--wall",
                                       "--json", "--quiet"))
        self.device = result["device"]
        return {row["name"]: row["seconds"] for row in result["results"]}


class Yardstick:
    """PyTorch, in a process that stays."""

    def __init__(self, program):
        self.process = subprocess.Popen(["/usr/bin/python3", program], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **KEEP_MEMORY})

    def seconds(self, row, layout, repeats):
        """The median of `repeats` runs."""
        request = {"row": row, "layout": layout, "repeats": repeats}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"scripts/bench: PyTorch ended in row '{row}'; its error stands above")
        return statistics.median(json.loads(answer)["seconds"])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class OtherPrograms:
    """How much of the processor others take: a PyTorch that has to share its cores is far slower
    than its share, because its threads wait for each other."""

    def __init__(self, yardstick):
        self.process = yardstick.process.pid
        self.before = self.read()

    def read(self):
        """Processor time so far: of all cores, what of it was used, and what we used of that."""
        tick = os.sysconf("SC_CLK_TCK")
        with open("/proc/stat", encoding="ascii") as file:
            times = [int(word) / tick for word in file.readline().split()[1:9]]
        with open(f"/proc/{self.process}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = (int(fields[11]) + int(fields[12])) / tick + ended.ru_utime + ended.ru_stime
        return sum(times), sum(times) - times[3] - times[4], ours

    def share(self):
        """Since the last call, 0 to 1."""
        present = self.read()
        total, used, ours = (b - a for a, b in zip(self.before, present))
        self.before = present
        return max(0, used - ours) / total if total > 0 else 0


def spread(values):
    """How far a row's rounds lie apart, as a part of their median."""
    return (max(values) - min(values)) / statistics.median(values)


def make_row(name, retort, pytorch):
    """A row of bench.json from the seconds of all rounds; `pytorch` has a list a layout."""
    medians = {layout: statistics.median(values) for layout, values in pytorch.items()}
    counted = "nchw" if name.startswith("conv2d ") else min(medians, key=medians.get)
    ours = statistics.median(retort)
    return {
        "name": name,
        "retort_seconds": ours,
        "pytorch_seconds": medians[counted],
        "ratio": medians[counted] / ours,
        "pytorch_layout": counted,
        "pytorch_layouts": medians,
        "ratios": {layout: seconds / ours for layout, seconds in medians.items()},
        "retort_spread": spread(retort),
        "pytorch_spread": spread(pytorch[counted]),
    }


def measure(retort, yardstick, part, match, names, rounds):
    """The rows `names`: what Retort measures of `match`. A round before the first warms up: kernels
    are chosen and compiled."""
    repeats = REPEATS["convolution" if part == "conv2d" else "step"]
    retort.seconds(part, match, 1)
    ours = {name: [] for name in names}
    theirs = {name: {layout: [] for layout in LAYOUTS} for name in names}
    for _ in range(rounds):
        measured = retort.seconds(part, match, repeats)
        for name in names:
            ours[name].append(measured[name])
            for layout in LAYOUTS:
                theirs[name][layout].append(yardstick.seconds(name, layout, repeats))
    return [make_row(name, ours[name], theirs[name]) for name in names]


def by_shape(convolutions):
    """Rows of convolutions by the part of their names in front of the pass."""
    shapes = {}
    for name in convolutions:
        shape = next(name.removesuffix(p) for p in PASSES if name.endswith(" " + p))
        shapes.setdefault(shape, []).append(name)
    return shapes


def show_seconds(seconds):
    return f"{seconds:9.3f} s " if seconds >= 1 else f"{seconds * 1e3:9.2f} ms"


def show(row):
    others = [layout for layout in LAYOUTS if layout != row["pytorch_layout"]]
    beside = "".join(f"  {layout} {show_seconds(row['pytorch_layouts'][layout])}"
                     f" {row['ratios'][layout]:5.2f}" for layout in others)
    print(f"{row['name']:50}{show_seconds(row['retort_seconds'])}  "
          f"{row['pytorch_layout']:14}{show_seconds(row['pytorch_seconds'])}"
          f"{row['ratio']:7.2f}{beside}", flush=True)


def is_common(name):
    """Whether a row is of the table of 3x3 layers: stride 1, no first or last layer, no
    groups."""
    shape = re.search(r" (\d+)->(\d+) 3x3/1 (?!in )", name)
    return shape is not None and min(int(shape[1]), int(shape[2])) >= 8


def median_ratios(rows):
    """The median ratio of the 3x3 layers of each pass that was measured."""
    ratios = {p: [row["ratio"] for row in rows
                  if row["name"].endswith(p) and is_common(row["name"])] for p in PASSES}
    return {p: statistics.median(values) for p, values in ratios.items() if values}


def write(path, result):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


def main():
    options = arguments()
    retort = Retort(options.retort)

    def wanted(names):
        return [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in options.rows)]

    steps, convolutions = wanted(STEPS), wanted(retort.convolutions())
    if not steps and not convolutions:
        sys.exit(f"scripts/bench: no row is named {' or '.join(options.rows)}; "
                 "scripts/bench --help lists them")
    yardstick, rows = Yardstick(options.yardstick), []
    others = OtherPrograms(yardstick)
    print(f"{'':50}{'Retort':>12}  {'PyTorch':14}{'':12}{'ratio':>7}")
    groups = [(STEPS[name], name, [name]) for name in steps]
    groups += [("conv2d", shape, names) for shape, names in by_shape(convolutions).items()]
    for part, match, names in groups:
        measured = measure(retort, yardstick, part, match, names, options.rounds)
        share = others.share()
        for row in measured:
            show(row)
            rows.append({**row, "others_share": share})
    yardstick.close()
    medians = median_ratios(rows)
    for name, ratio in medians.items():
        print(f"median ratio of the 3x3 layers, {name}: {ratio:.2f} (wanted: {TARGETS[name]})")
    busiest = max(row["others_share"] for row in rows)
    if busiest > 0.05:
        print(f"other programs took up to {busiest:.0%} of the processor, which slows PyTorch more "
              "than Retort: repeat this on an idle machine", file=sys.stderr)
    write(options.out, {"rows": rows, "median_ratios": medians, "rounds": options.rounds,
                        "device": retort.device, "threads": len(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()
