"""From the reports of all turns to figures: medians, spread, ratios round by round, and their tables.

Every report, ours or a rival's, comes in one form: for each measure (`step`, `batch`, `one_image`) the `images` of one
call and the `seconds` it took (`median`, `min`, `max`, …). A measure that a program does not report is left out.
"""

import statistics

EPOCH_IMAGES = 60_000
LONGHAND = "longhand"
MEASURES = {"step": "training", "batch": "inference", "one_image": "inference"}


def longhand_report(output: dict) -> dict:
    """What `longhand bench --json` printed, in the form of the rivals' reports."""
    report = {
        "versions": {"longhand": output["version"]}, "threads": output["threads"], "isa": output["isa"],
        "peak_gflops": output["peak_gflops"]["all_threads"],
        "direct_convolution_floor_seconds": output["direct_convolution_floor_seconds"],
    }
    step = output["step"]
    report["step"] = {"images": output["batch_size"], "seconds": {
        "median": step["seconds"], "min": step["spread"][0], "max": step["spread"][1], "n": step["steps"],
    }}
    if inference := output.get("inference"):
        images, (slowest, fastest) = inference["batch"], inference["spread"]
        report["batch"] = {"images": images, "seconds": {
            "median": images / inference["images_per_second"], "min": images / fastest, "max": images / slowest,
            "n": inference["runs"],
        }}
        if one := inference.get("one_image"):
            report["one_image"] = {"images": 1, "seconds": {
                "median": one["seconds"], "min": one["spread"][0], "max": one["spread"][1], "n": one["runs"],
            }}
    return report


def steps_of_an_epoch(images: int) -> int:
    """Steps of an epoch in which each step takes `images`; the last one may be smaller and is counted whole."""
    return -(-EPOCH_IMAGES // images)


def _middle(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def rows(turns: list[dict], measure: str) -> list[dict]:
    """A row for each program that reports `measure`, in the order in which they first had their turn of a round.

    Of each program: the median over rounds of each round's median, with extremes, and how many times as fast
    longhand was, likewise: the ratio of the two medians within each round, then the median of those ratios.
    """
    seconds: dict[str, dict[int, float]] = {}
    images: dict[str, int] = {}
    within: dict[str, list[float]] = {}
    for turn in turns:
        if timed := turn["report"].get(measure):
            subject = turn["subject"]
            seconds.setdefault(subject, {})[turn["round"]] = timed["seconds"]["median"]
            images[subject] = timed["images"]
            within.setdefault(subject, []).extend([timed["seconds"]["min"], timed["seconds"]["max"]])
    if len(set(images.values())) > 1:
        raise ValueError(f"programs were given different numbers of images for `{measure}`: {images}")
    ours = seconds.get(LONGHAND, {})
    result = []
    for subject, by_round in seconds.items():
        ratios = [by_round[r] / ours[r] for r in sorted(by_round) if r in ours]
        row = {
            "subject": subject, "images": images[subject], "rounds": len(by_round),
            "seconds": _middle(list(by_round.values())),
            "seconds_of_single_calls": {"min": min(within[subject]), "max": max(within[subject])},
            "images_per_second": _middle([images[subject] / s for s in by_round.values()]),
            "longhand_is_faster": {"by_round": ratios, **_middle(ratios)} if ratios else None,
        }
        if measure == "step":
            steps = steps_of_an_epoch(images[subject])
            row["seconds_per_epoch"] = _middle([s * steps for s in by_round.values()])
        result.append(row)
    # Longhand first, whoever began the first round.
    return sorted(result, key=lambda row: row["subject"] != LONGHAND)


def markdown_table(rows: list[dict], measure: str) -> str:
    """The rows of one measure as a Markdown table."""
    columns = {
        "step": ["images/s", "lowest to highest", "s/epoch"],
        "batch": ["images/s", "lowest to highest"],
        "one_image": ["µs", "lowest to highest"],
    }[measure]
    lines = ["| " + " | ".join(["program", *columns, "longhand is faster by", "lowest to highest"]) + " |",
             "| --- |" + " ---: |" * (len(columns) + 2)]
    for row in rows:
        if measure == "one_image":
            micros = {key: value * 1e6 for key, value in row["seconds"].items()}
            cells = [f"{micros['median']:.1f}", f"{micros['min']:.1f} to {micros['max']:.1f}"]
        else:
            rate = row["images_per_second"]
            cells = [f"{rate['median']:,.0f}", f"{rate['min']:,.0f} to {rate['max']:,.0f}"]
        if measure == "step":
            cells.append(f"{row['seconds_per_epoch']['median']:.2f}")
        ratio = row["longhand_is_faster"]
        if row["subject"] == LONGHAND or ratio is None:
            cells += ["", ""]
        else:
            cells += [f"{ratio['median']:.2f}×", f"{ratio['min']:.2f} to {ratio['max']:.2f}"]
        lines.append("| " + " | ".join([row["subject"], *cells]) + " |")
    return "\n".join(lines)
