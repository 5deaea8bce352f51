"""Work against precision on arm A: Trocar beside MuJoCo and Pinocchio, pinned to one core, in one go.

    python3 run.py ratios       the two ratios and the cost of a second, in about a minute
    python3 run.py              the same, then the curves: work_precision.svg and results.md beside this file, in a few minutes

Makes a virtual environment with MuJoCo and Pinocchio from their Python packages in target/work_precision, compiles
the C and C++ sides against the headers and libraries in there, and builds the Rust side with cargo.
Needs a C++ compiler, cargo and taskset; no root. See README.md for what is measured.
"""

import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NUMBERS = HERE / "numbers.txt"
WORK = ROOT / "target" / "work_precision"
PACKAGES = ["mujoco==4.0.0", "pin==4.1.0", "cmeel-eigen==3.4.1", "numpy==2.4.6", "matplotlib==3.11.2"]
CORE = "1"
RATIOS = [  # name, ours, theirs, aim
    ("forward dynamics / Pinocchio's ABA", "Trocar: forward dynamics", "Pinocchio: ABA (world)", "at most 0.4"),
    ("servo, damping and friction / MuJoCo's", "Trocar: second, friction", "MuJoCo: second, friction", "at most 0.4"),
    ("servo and damping / MuJoCo's", "Trocar: second, tracking", "MuJoCo: second, tracking", "at most 1"),
    ("passive springs / MuJoCo's", "Trocar: second, passive", "MuJoCo: second, passive", "at most 1"),
]
CURVES = [  # case, engine, method, label
    ("passive", "Trocar", "leapfrog", "Trocar"),
    ("passive", "Trocar", "rk4", "Trocar, RK4"),
    ("passive", "MuJoCo", "euler", "MuJoCo (Euler)"),
    ("passive", "MuJoCo", "rk4", "MuJoCo, RK4"),
    ("passive", "Pinocchio", "euler", "Pinocchio's ABA, Euler"),
    ("passive", "Pinocchio", "rk4", "Pinocchio's ABA, RK4"),
    ("tracking", "Trocar", "leapfrog", "Trocar"),
    ("tracking", "Trocar", "rk4", "Trocar, RK4"),
    ("tracking", "MuJoCo", "euler", "MuJoCo (Euler)"),
    ("tracking", "MuJoCo", "rk4", "MuJoCo, RK4"),
    ("tracking", "Pinocchio", "euler", "Pinocchio's ABA, Euler"),
    ("tracking", "Pinocchio", "rk4", "Pinocchio's ABA, RK4"),
    ("friction", "Trocar", "leapfrog", "Trocar"),
    ("friction", "MuJoCo", "euler", "MuJoCo (Euler)"),
    ("friction", "MuJoCo", "rk4", "MuJoCo, RK4"),
]
MODELS = {"passive": "passive", "tracking": "pd-damped", "friction": "pd-frictionloss", "forward": "pd-damped"}


def quiet(*command, **options):
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL, **options)


def prepare():
    """Environment and programs."""
    WORK.mkdir(parents=True, exist_ok=True)
    python = WORK / "venv" / "bin" / "python"
    installed = WORK / "venv" / "packages.txt"
    if not installed.exists() or installed.read_text() != "\n".join(PACKAGES):
        quiet(sys.executable, "-m", "venv", "--clear", WORK / "venv")
        quiet(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
        installed.write_text("\n".join(PACKAGES))
    site = next((WORK / "venv" / "lib").glob("python3.*")) / "site-packages"
    mujoco, prefix = site / "mujoco", site / "cmeel.prefix"
    library = next(mujoco.glob("libmujoco.so.*"))
    compile_if_older(WORK / "mujoco_side", HERE / "mujoco_side.c", [
        "gcc", "-O2", "-std=gnu11", f"-I{mujoco / 'include'}", HERE / "mujoco_side.c", library, f"-Wl,-rpath,{mujoco}", "-lm"])
    # Header only, for this very processor: faster than the wheel's own library, which is built for any x86-64.
    compile_if_older(WORK / "pinocchio_side", HERE / "pinocchio_side.cpp", [
        "g++", "-O3", "-march=native", "-DNDEBUG", "-w", "-std=c++17", "-DBOOST_MPL_CFG_NO_PREPROCESSED_HEADERS",
        "-DBOOST_MPL_LIMIT_LIST_SIZE=30", "-DBOOST_MPL_LIMIT_VECTOR_SIZE=30", f"-I{prefix / 'include'}",
        f"-I{prefix / 'include' / 'eigen3'}", HERE / "pinocchio_side.cpp"])
    quiet("cargo", "build", "--release", "--quiet", "-p", "trocar-work-precision", "--examples", cwd=ROOT)
    check_numbers()


def compile_if_older(program, source, command):
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        quiet(*command, "-o", program)


def check_numbers():
    """numbers.txt, which the programs read, has the arm of the URDF."""
    robot = ElementTree.parse(HERE / "models" / "arm-a.urdf").getroot()
    links = {link.get("name"): link.find("inertial") for link in robot.iter("link")}
    lines = []
    for joint in robot.iter("joint"):
        inertial = links[joint.find("child").get("link")]
        tensor = inertial.find("inertia")
        assert all(float(tensor.get(k)) == 0 for k in ("ixy", "ixz", "iyz")), "only diagonal inertias are passed on"
        lines.append(" ".join([
            "joint", joint.get("name"), joint.get("type"), joint.find("origin").get("xyz"), joint.find("axis").get("xyz"),
            inertial.find("mass").get("value"), inertial.find("origin").get("xyz"),
            *(tensor.get(k) for k in ("ixx", "iyy", "izz"))]))
    assert lines == [line for line in NUMBERS.read_text().splitlines() if line.startswith("joint ")], "numbers.txt is not the URDF"


def call(engine, case, method, step_us, repeats, tips=None, numbers_at=None):
    """Seconds for a simulated second, or for one evaluation; None without repeats."""
    given = numbers_at or NUMBERS
    program = {"Trocar": [ROOT / "target" / "release" / "examples" / "second", given],
               "MuJoCo": [WORK / "mujoco_side", given, HERE / "models" / f"arm-a-{MODELS.get(case)}.mjcf.xml"],
               "Pinocchio": [WORK / "pinocchio_side", given]}[engine]
    command = ["taskset", "-c", CORE, *program, case, method, step_us, repeats, *([tips] if tips else [])]
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    return float(done.stdout) if repeats else None


def ratios(rounds=5):
    """Both sides in turn, again and again, and the median of the rounds' ratios."""
    runs = {
        "Trocar: forward dynamics": ("Trocar", "forward", "-", 1000, 500),
        "Pinocchio: ABA (world)": ("Pinocchio", "aba", "world", 1000, 500),
        "Pinocchio: ABA (local)": ("Pinocchio", "aba", "local", 1000, 500),
        "MuJoCo: mj_forward": ("MuJoCo", "forward", "euler", 1000, 500),
        "Trocar: second, friction": ("Trocar", "friction", "leapfrog", 1000, 30),
        "MuJoCo: second, friction": ("MuJoCo", "friction", "euler", 1000, 20),
        "Trocar: second, tracking": ("Trocar", "tracking", "leapfrog", 1000, 30),
        "MuJoCo: second, tracking": ("MuJoCo", "tracking", "euler", 1000, 20),
        "Trocar: second, passive": ("Trocar", "passive", "leapfrog", 1000, 30),
        "MuJoCo: second, passive": ("MuJoCo", "passive", "euler", 1000, 20),
    }
    best = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            best[name].append(call(*run))
    for name, times in best.items():
        unit, scale = ("ms per simulated second", 1e3) if "second" in name else ("ns", 1e9)
        print(f"{name:28s} {statistics.median(times) * scale:9.3f} {unit}  (best {min(times) * scale:.3f})")
    table = []
    for name, ours, theirs, bar in RATIOS:
        each = [a / b for a, b in zip(best[ours], best[theirs])]
        table.append((name, min(best[ours]), min(best[theirs]), statistics.median(each), min(each), max(each), bar))
        print(f"{name:48s} {statistics.median(each):.3f}   (rounds {min(each):.3f} to {max(each):.3f}; aim {bar})")
    return table


def tips(engine, case, method, step_us, numbers_at=None):
    """Rows of time and tip, from a run that is not timed."""
    import numpy as np

    path = WORK / "tips.bin"
    call(engine, case, method, step_us, 0, path, numbers_at)
    return np.fromfile(path, dtype="<f8").reshape(-1, 4)


def error_um(rows, truth):
    """Largest distance of the tip from the truth at the instants both have, in micrometres."""
    import numpy as np

    at = {round(t * 1e6): place for t, *place in truth}
    return 1e6 * max(float(np.linalg.norm(np.array(place) - at[round(t * 1e6)])) for t, *place in rows)


def truths():
    """Converged motions, and how far two independent ones are apart."""
    found = {}
    for case in ("passive", "tracking"):
        found[case, None] = tips("Pinocchio", case, "rk4", 10)
        apart = error_um(tips("Trocar", case, "rk4", 10), found[case, None])
        print(f"{case}: RK4 at 10 us by Pinocchio and by Trocar are {apart:.1e} um apart")
    # Dry friction is another law in each engine.
    for engine, method, step_us, other, other_us in (("Trocar", "leapfrog", 4, "rk4", 2), ("MuJoCo", "rk4", 10, "euler", 5)):
        found["friction", engine] = tips(engine, "friction", method, step_us)
        apart = error_um(tips(engine, "friction", other, other_us), found["friction", engine])
        print(f"friction: {engine}'s {method} at {step_us} us and {other} at {other_us} us are {apart:.1e} um apart")
    return found


def curves(rounds=2):
    """Cost and error of every method at every step; rounds in turn, the best time of each counts."""
    found, points = truths(), []
    for case, engine, method, label in CURVES:
        steps = [1000, 500, 250, 100, 50, 20] if method != "rk4" else [1000, 500, 250, 100, 50]
        if case == "passive":
            steps = [4000, 2000] + steps
        truth = found.get((case, engine)) if case == "friction" else found[case, None]
        for step_us in steps:
            try:
                error = error_um(tips(engine, case, method, step_us), truth)
            except subprocess.CalledProcessError:
                continue  # It diverged.
            if error < 1e5:
                points.append(dict(case=case, engine=engine, method=method, label=label, step_us=step_us, error_um=error, s=[]))
    for _ in range(rounds):
        for point in points:
            repeats = max(4, point["step_us"] // 25)
            point["s"].append(call(point["engine"], point["case"], point["method"], point["step_us"], repeats))
    for point in points:
        point["ms"] = 1e3 * min(point.pop("s"))
    return points


def starts(count=50):
    """The passive case from other starts: how the error at the default step is spread."""
    import numpy as np

    draw, spread = np.random.default_rng(1), {("Trocar", "leapfrog", 1000): [], ("Trocar", "leapfrog", 500): [],
                                              ("MuJoCo", "euler", 1000): []}
    other = WORK / "start.txt"
    for _ in range(count):
        start = draw.uniform([-0.4, -0.3, 0.08, -0.5, -0.5, -0.5, -0.4], [0.4, 0.3, 0.15, 0.5, 0.5, 0.5, 0.4])
        lines = [line for line in NUMBERS.read_text().splitlines() if not line.startswith("start ")]
        other.write_text("\n".join([*lines, "start " + " ".join(f"{x:.4f}" for x in start)]) + "\n")
        truth = tips("Pinocchio", "passive", "rk4", 50, other)
        for run, errors in spread.items():
            errors.append(error_um(tips(run[0], "passive", run[1], run[2], other), truth))
    return spread


def draw(points):
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "work precision", "svg.fonttype": "none", "font.size": 9})
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(12, 4.4), sharey=True)
    titles = {"passive": "passive springs", "tracking": "tracking", "friction": "tracking with joint friction"}
    colours = {"Trocar": "#b2182b", "MuJoCo": "#2166ac", "Pinocchio": "#4d9221"}
    styles = {"leapfrog": "-", "euler": "-", "rk4": "--"}
    for panel, (case, title) in zip(panels, titles.items()):
        for _, engine, method, label in [c for c in CURVES if c[0] == case]:
            line = [p for p in points if (p["case"], p["engine"], p["method"]) == (case, engine, method)]
            panel.plot([p["ms"] for p in line], [p["error_um"] for p in line], styles[method], color=colours[engine],
                       marker="o", markersize=3, linewidth=1.2, label=label)
            for p in line:
                if p["step_us"] == 1000:
                    panel.plot(p["ms"], p["error_um"], "o", color=colours[engine], markersize=8, markerfacecolor="white")
        panel.set(xscale="log", yscale="log", ylim=(1e-5, 1e4), title=title, xlabel="CPU for a simulated second, ms")
        panel.grid(True, which="major", linewidth=0.4)
    panels[0].set_ylabel("largest error of the tip within the second, µm")
    figure.suptitle("Arm A, 7 joints, one core. Ringed: step of 1 ms. Lower and further left is better.", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(HERE / "work_precision.svg", metadata={"Date": None})
    figure.savefig(WORK / "work_precision.png", dpi=110)


def machine():
    model = next(line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                 if line.startswith("model name"))
    first = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    return (f"{model}, one core of {os.cpu_count()} (shared machine), {first('rustc', '--version')}, "
            f"{first('g++', '--version')}, {', '.join(PACKAGES[:2])}")


def report(table, points, spread):
    """results.md: everything that is quoted, with the machine."""
    at = {(p["case"], p["engine"], p["method"], p["step_us"]): p for p in points}
    lines = ["# Results", "", f"Written by `run.py`, {datetime.date.today()}, on: {machine()}.", "",
             "| ratio | Trocar | peer | median of the rounds | least to most | aim |", "|---|---|---|---|---|---|"]
    for name, ours, theirs, middle, least, most, bar in table:
        ours, theirs = (f"{x * 1e9:.0f} ns" if x < 1e-5 else f"{x * 1e3:.2f} ms/s" for x in (ours, theirs))
        lines.append(f"| {name} | {ours} | {theirs} | **{middle:.2f}** | {least:.2f} to {most:.2f} | {bar} |")
    lines += ["", "Tip error over the first second at steps of 1 ms, and CPU for a simulated second:", "",
              "| case | Trocar, default | MuJoCo, default (Euler) | MuJoCo, RK4 |", "|---|---|---|---|"]
    for case in ("passive", "tracking", "friction"):
        cells = [at.get((case, engine, method, 1000)) for engine, method in
                 (("Trocar", "leapfrog"), ("MuJoCo", "euler"), ("MuJoCo", "rk4"))]
        lines.append(f"| {case} | " + " | ".join(f"{c['error_um']:.3g} µm, {c['ms']:.2f} ms" for c in cells) + " |")
    lines += ["", "The passive case from fifty other starts: error of the tip, µm:", "",
              "| | median | worst | within 10 µm |", "|---|---|---|---|"]
    for (engine, method, step_us), errors in spread.items():
        within = sum(e <= 10 for e in errors)
        lines.append(f"| {engine}, {method}, {step_us / 1000:g} ms | {statistics.median(errors):.3g} | {max(errors):.3g} | "
                     f"{within} of {len(errors)} |")
    lines += ["", "All points of the picture:", "", "| case | method | step, µs | error, µm | CPU, ms |", "|---|---|---|---|---|"]
    lines += [f"| {p['case']} | {p['label']} | {p['step_us']} | {p['error_um']:.3g} | {p['ms']:.3g} |" for p in points]
    (HERE / "results.md").write_text("\n".join(lines) + "\n")


def main():
    prepare()
    if sys.argv[1:] == ["ratios"]:
        ratios()
        return
    # The rest needs what is in the environment: once more, with its Python.
    python = WORK / "venv" / "bin" / "python"
    if pathlib.Path(sys.prefix) != WORK / "venv":
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)
    table, points, spread = ratios(), curves(), starts()
    draw(points)
    report(table, points, spread)
    print(f"wrote {HERE / 'results.md'} and {HERE / 'work_precision.svg'}")


if __name__ == "__main__":
    main()
