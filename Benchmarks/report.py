"""Turns the turns of a run into tables: medians, ratios, and the goals with what was found."""

import re
import statistics

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def one_line(found):
    parts = []
    if found.get("p50_us"):
        parts.append(f"p50 {number(found['p50_us'])} µs")
    rate = found.get("rate")
    if rate:
        parts.append(f"{number(rate)}/s")
    for name in ("mb_per_s", "start_s"):
        value = found.get(name) or found.get("figures", {}).get(name)
        if value:
            parts.append(f"{name} {number(value)}")
    return ", ".join(parts) or "done"


class Medians:
    """Medians over the rounds of one record, by contest, contestant and figure."""

    def __init__(self, record):
        self.contests = record["contests"]

    def of(self, contest, contestant, figure):
        values = [
            turn.get(figure, turn.get("figures", {}).get(figure))
            for turn in self.contests.get(contest, {}).get("results", {}).get(contestant, [])]
        values = [value for value in values if value is not None]
        return statistics.median(values) if values else None

    def best(self, contest, beginning, figure, pick):
        """Among the contestants whose names begin so: peers are taken at their best."""
        names = [name for name in self.contests.get(contest, {}).get("results", {}) if name.startswith(beginning)]
        values = [self.of(contest, name, figure) for name in names]
        values = [value for value in values if value is not None]
        return pick(values) if values else None

    def worst_of(self, contest, contestant, pattern):
        """The largest of the figures whose names match."""
        names = {
            name for turn in self.contests.get(contest, {}).get("results", {}).get(contestant, [])
            for name in turn.get("figures", {}) if re.fullmatch(pattern, name)}
        values = [self.of(contest, contestant, name) for name in names]
        return max(values) if values else None


def goals(record):
    """Every goal: what is wanted, what was found, whether it is met."""
    medians = Medians(record)
    lines = []

    def goal(text, found, wanted, is_met, form=number):
        if found is None or wanted is None:
            return
        lines.append((text, form(found), form(wanted), "yes" if is_met(found, wanted) else "**no**"))

    def at_most(text, found, wanted, form=number):
        goal(text, found, wanted, lambda a, b: a <= b, form)

    def at_least(text, found, wanted, form=number):
        goal(text, found, wanted, lambda a, b: a >= b, form)

    latency = lambda name, figure="p50_us": medians.of("latency", name, figure)  # noqa: E731
    at_most("ephemeral task, p50 µs ≤ one call of Python grpcio", latency("noizylab ephemeral"),
            medians.best("latency", "grpcio", "p50_us", min))
    at_most("durable task, p50 µs < a Ray task", latency("noizylab durable"), latency("Ray task ×1"))
    ephemeral, commit = latency("noizylab ephemeral"), record.get("noise", {}).get("commit_us_median")
    if ephemeral and commit:
        at_most("durable task, p50 µs ≤ ephemeral + two bare commits of SQLite", latency("noizylab durable"),
                ephemeral + 2 * commit)
    at_most("durable task, p99 µs < 5 ms", latency("noizylab durable", "p99_us"), 5_000)
    rate = medians.of("throughput", "noizylab durable ×256", "rate")
    at_least("durable tasks/s, 256 in flight (goal 20,000)", rate, 20_000)
    for times, name, beginning in (
            (5, "Ray", "Ray task"), (20, "Celery, default", "Celery, default"),
            (20, "Celery, durable", "Celery, durable"), (20, "FastAPI by httpx", "FastAPI, httpx"),
            (3, "FastAPI by aiohttp's client", "FastAPI, aiohttp")):
        theirs = medians.best("throughput", beginning, "rate", max)
        at_least(f"… as multiple of {name} (best of 64 and 256 in flight)", rate and theirs and rate / theirs, times)
    at_least("ExecuteTask/s, 64 in flight ≥ Python grpcio", medians.of("unary", "noizylab ExecuteTask ×64", "rate"),
             medians.best("unary", "grpcio", "rate", max))
    ours, floor = (medians.of("stream", "noizylab stream", "mb_per_s"),
                   medians.of("stream", "C++ gRPC, 64 KiB messages", "mb_per_s"))
    at_least("1 GiB of output, MB/s ≥ half of C++ gRPC", ours, floor and floor / 2)
    result = medians.of("result", "noizylab 1 MB", "p99_us")
    at_most("1 MB result, p99 ms < 50", result and result / 1000, 50)
    ours, floor = (medians.of("processes", "noizylab processes", "wall_s"),
                   medians.of("processes", "posix_spawn in C", "wall_s"))
    at_most("500 × /bin/true, seconds ≤ twice posix_spawn", ours, floor and 2 * floor)
    size = lambda figure: medians.of("size", "noizylab size", figure)  # noqa: E731
    at_most("`noizylab start --lab` to online, s", size("start_s"), 3)
    at_most("coordinator at rest, MB resident", size("coordinator_rss_mb"), 60)
    at_most("largest agent at rest, MB resident", medians.worst_of("size", "noizylab size", r"agent_.*_rss_mb"), 35)
    at_most("busiest of them at rest, % of a core", medians.worst_of("size", "noizylab size", r".*_cpu_percent"), 1)
    at_most("coordinator with 1,000 agents and 1,000,000 tasks, MB resident",
            medians.of("scale", "noizylab scale", "agents_and_tasks_coordinator_rss_mb"), 250)
    return lines


def table(header, rows):
    align = ["---"] + ["--:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in [header, align, *rows])


def contest_table(name, contest, medians):
    results = contest["results"]
    has = lambda figure: any(medians.of(name, who, figure) is not None for who in results)  # noqa: E731
    columns = [
        ("p50 µs", "p50_us"), ("p90 µs", "p90_us"), ("p99 µs", "p99_us"), ("max µs", "max_us"), ("per second", "rate"),
        ("MB/s", "mb_per_s"), ("processor µs each", "cpu_us_per_op"), ("processor µs per MB", "cpu_us_per_mb"),
        ("seconds", "wall_s")]
    if name not in ("stream", "processes"):
        columns.pop()
    columns = [(title, figure) for title, figure in columns if has(figure)]
    rows = []
    for who in results:
        if who in contest["errors"]:
            rows.append([who, f"failed: {contest['errors'][who]}"] + [""] * (len(columns) - 1))
        else:
            rows.append([who] + [number(medians.of(name, who, figure)) for _, figure in columns])
    return table([""] + [title for title, _ in columns], rows) if columns else ""


def hop_table(contest):
    """Where the time goes, of the round in the middle."""
    columns, rows = [], {}
    for who, turns in contest["results"].items():
        turns = sorted((turn for turn in turns if turn.get("hops")), key=lambda turn: turn["p50_us"])
        if not turns:
            continue
        columns.append(who)
        for hop in turns[len(turns) // 2]["hops"]:
            rows.setdefault(hop["name"], {})[who] = f"{number(hop['p50_us'])} / {number(hop['p99_us'])}"
    if not columns:
        return ""
    return table(["p50 / p99 µs"] + columns, [[hop] + [row.get(who, "-") for who in columns] for hop, row in rows.items()])


def figure_table(contest, medians, name):
    rows = []
    for who, turns in contest["results"].items():
        for figure in sorted({figure for turn in turns for figure in turn.get("figures", {})}):
            rows.append([f"{figure}", number(medians.of(name, who, figure))])
    return table(["", "median"], rows) if rows else ""


def tables(record):
    medians, machine, noise = Medians(record), record["machine"], record.get("noise", {})
    parts = [
        f"Measured {record['started']} on {machine['cores']} cores ({machine['processor'] or machine['arch']}, "
        f"{machine['system']}); medians of {record['rounds']} rounds, {number(record['seconds'])} s each"
        + (", under `chrt -r 1`." if record["realtime"] else ".")]
    if noise:
        parts.append(
            f"The machine: {number((noise['busy_share_before'] or 0) * 100)} % busy before the run; a constant spin took "
            f"{noise['spin_ms_min']} to {noise['spin_ms_max']} ms (median {noise['spin_ms_median']}, p90 "
            f"{noise['spin_ms_p90']}) between the turns, a synced 4 KiB write {noise['fdatasync_us_median']} µs (median; "
            f"max {noise['fdatasync_us_max']})"
            + (f", a bare SQLite commit of one row {noise['commit_us_median']} µs (median; max "
               f"{noise['commit_us_max']})." if "commit_us_median" in noise else "."))
    if not record["has_peers"]:
        parts.append("The peers were not installed in this run.")
    found = goals(record)
    if found:
        parts += ["### Goals", table(["goal", "found", "wanted", "met"], found)]
    for name, contest in record["contests"].items():
        parts.append(f"### {contest['title']}")
        parts += [text for text in (
            contest_table(name, contest, medians),
            hop_table(contest) if name == "latency" else "",
            figure_table(contest, medians, name) if name in ("stream", "size", "scale") else "") if text]
    return "\n\n".join(parts)


def write(path, text, source):
    """Puts the tables between the markers of the page; everything around them stays."""
    page = path.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{text}\n\nEvery turn: `{source}`.\n{END}{after}")
