"""Work against precision in contact: walker B squats on two feet in Trocar and in MuJoCo, pinned to one core, in one go.

    python3 walker.py        walker.md beside this file, in about two minutes

Prepares as run.py does (see README.md for what is measured).
"""

import datetime
import pathlib
import statistics
import subprocess
import sys

import run

HERE, WORK, ROOT = run.HERE, run.WORK, run.ROOT
MODEL = HERE / "models" / "walker-b.mjcf.xml"
BODY_WEIGHT_N = (46 + 2 * (0.8 + 0.8 + 8.5 + 3.7 + 0.5 + 1.2)) * 9.81
STEPS = [1000, 500, 250, 125]
# Each engine has a contact law of its own and is held against its own converged motion: engine, method, step in us, and
# another that says how far it has converged.
TRUTH = {"Trocar": ("leapfrog", 5, "leapfrog", 10), "MuJoCo": ("rk4", 10, "rk4", 20)}
RUNS = [("Trocar", "leapfrog"), ("MuJoCo", "euler"), ("MuJoCo", "implicitfast"), ("MuJoCo", "rk4")]


def call(engine, method, step_us, repeats, rows=None):
    program = {"Trocar": [ROOT / "target" / "release" / "examples" / "squat"], "MuJoCo": [WORK / "mujoco_squat", MODEL]}[engine]
    command = ["taskset", "-c", run.CORE, *program, method, step_us, repeats, *([rows] if rows else [])]
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    return float(done.stdout) if repeats else None


def rows(engine, method, step_us):
    import numpy as np

    path = WORK / "squat.bin"
    call(engine, method, step_us, 0, path)
    return np.fromfile(path, dtype="<f8").reshape(-1, 5)


def errors(seen, truth):
    """Greatest error of the pelvis (um) over the squat, and of the force on the feet after the first 0.2 s (% of body weight)."""
    import numpy as np

    place = 1e6 * float(np.linalg.norm(seen[:, 1:4] - truth[:, 1:4], axis=1).max())
    later = seen[:, 0] > 0.2
    force = 100 / BODY_WEIGHT_N * float(abs(seen[later, 4] - truth[later, 4]).max())
    return place, force


def cost_at(points, error):
    """CPU at which a method reaches this error, straight between its points on both logarithmic axes."""
    import math

    for finer, coarser in zip(points[1:], points):
        if finer["um"] <= error <= coarser["um"]:
            share = math.log(error / finer["um"]) / math.log(coarser["um"] / finer["um"])
            return math.exp(math.log(finer["ms"]) + share * math.log(coarser["ms"] / finer["ms"]))
    return None


def main():
    run.prepare()
    site = next((WORK / "venv" / "lib").glob("python3.*")) / "site-packages"
    mujoco = site / "mujoco"
    library = next(mujoco.glob("libmujoco.so.*"))
    run.compile_if_older(WORK / "mujoco_squat", HERE / "mujoco_squat.c", [
        "gcc", "-O2", "-std=gnu11", f"-I{mujoco / 'include'}", HERE / "mujoco_squat.c", library, f"-Wl,-rpath,{mujoco}", "-lm"])
    python = WORK / "venv" / "bin" / "python"
    if pathlib.Path(sys.prefix) != WORK / "venv":
        sys.exit(subprocess.run([python, __file__]).returncode)
    truth, lines = {}, []
    for engine, (method, step_us, other, other_us) in TRUTH.items():
        truth[engine] = rows(engine, method, step_us)
        place, force = errors(rows(engine, other, other_us), truth[engine])
        lines.append(f"- {engine}'s truth: {method} at {step_us} µs; at {other_us} µs it is {place:.2g} µm and {force:.1g} % of body weight away.")
    points = []
    for engine, method in RUNS:
        for step_us in STEPS:
            place, force = errors(rows(engine, method, step_us), truth[engine])
            points.append(dict(engine=engine, method=method, step_us=step_us, um=place, force=force, s=[]))
    for _ in range(5):
        for point in points:
            point["s"].append(call(point["engine"], point["method"], point["step_us"], 6))
    for point in points:
        point["ms"] = 1e3 * min(point["s"])
    of = lambda engine, method: [p for p in points if (p["engine"], p["method"]) == (engine, method)]
    ours, euler = of("Trocar", "leapfrog"), of("MuJoCo", "euler")
    same_step = [statistics.median(a / b for a, b in zip(p["s"], q["s"])) for p, q in zip(ours, euler)]
    text = ["# Walker B, squatting", "", f"Written by `walker.py`, {datetime.date.today()}, on: {run.machine()}.", "",
            "One squat of 2 s on eight balls under two feet; torques of the servo held for 1 ms. Errors are against each engine's own converged",
            "motion, as the contact laws differ: the greatest of the pelvis over the whole squat, and that of the force on both feet after the",
            "first 0.2 s (before, both land from a height of some millimetres).", "", *lines, "",
            "| method | step, µs | error of the pelvis, µm | of the force, % of body weight | CPU, ms per simulated second |", "|---|---|---|---|---|"]
    for p in points:
        text.append(f"| {p['engine']}, {p['method']} | {p['step_us']} | {p['um']:.3g} | {p['force']:.3g} | {p['ms']:.2f} |")
    text += ["", "At the same step Trocar takes " + ", ".join(f"{r:.2f}" for r in same_step) +
             " of MuJoCo's time (Euler; steps as above, median of five rounds)."]
    for p in euler:
        cost = cost_at(ours, p["um"])
        where = f"{cost / p['ms']:.2f} of the CPU" if cost else (
            f"less than {ours[0]['ms'] / p['ms']:.2f} of the CPU: at 1 ms it is nearer already" if ours[0]["um"] < p["um"] else "a finer step than was run")
        text.append(f"- For the error of MuJoCo at {p['step_us']} µs ({p['um']:.3g} µm) Trocar needs {where}.")
    (HERE / "walker.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    main()
