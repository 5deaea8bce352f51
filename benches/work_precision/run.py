"""Work against precision on arm A: Trocar beside MuJoCo and Pinocchio, pinned to one core, in one go.

    python3 run.py ratios       the two ratios and the cost of a second, in about a minute
    python3 run.py              the same, then the curves: work_precision.svg and results.json beside this file

Makes a virtual environment with MuJoCo and Pinocchio from their Python packages in target/work_precision, compiles
the C and C++ sides against the headers and libraries in there, and builds the Rust side with cargo.
Needs a C++ compiler, cargo and taskset; no root. See README.md for what is measured.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "work_precision"
PACKAGES = ["mujoco==4.0.0", "pin==4.1.0", "cmeel-eigen==3.4.1", "numpy==2.4.6", "matplotlib==3.11.2"]
CORE = "1"
MODELS = {"passive": "passive", "tracking": "pd-damped", "friction": "pd-frictionloss", "forward": "pd-damped"}


def quiet(*command, **options):
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL, **options)


def prepare():
    """Environment, programs, numbers."""
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
    quiet("cargo", "build", "--release", "--quiet", "-p", "trocar-work-precision", cwd=ROOT)
    (WORK / "numbers.txt").write_text(numbers())


def compile_if_older(program, source, command):
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        quiet(*command, "-o", program)


def numbers():
    """The arm's numbers from its URDF, and those of the cases, a key and its numbers on each line."""
    robot = ElementTree.parse(HERE / "models" / "arm-a.urdf").getroot()
    links = {link.get("name"): link.find("inertial") for link in robot.iter("link")}
    lines = ["gravity 0 0 9.81", "tip 0 0 0.0102"]
    for joint in robot.iter("joint"):
        inertial = links[joint.find("child").get("link")]
        tensor = inertial.find("inertia")
        assert all(float(tensor.get(k)) == 0 for k in ("ixy", "ixz", "iyz")), "only diagonal inertias are passed on"
        assert joint.find("origin").get("rpy") in (None, "0 0 0"), "only joints without a turn are passed on"
        lines.append(" ".join([
            "joint", joint.get("name"), joint.get("type"), joint.find("origin").get("xyz"), joint.find("axis").get("xyz"),
            inertial.find("mass").get("value"), inertial.find("origin").get("xyz"),
            *(tensor.get(k) for k in ("ixx", "iyy", "izz"))]))
    cases = json.loads((HERE / "cases.json").read_text())
    lines += [f"{key} {' '.join(map(str, values))}" for key, values in cases.items() if key != "why"]
    return "\n".join(lines) + "\n"


def call(engine, case, method, step_us, repeats, tips=None):
    """Best and median seconds for a simulated second (or for one evaluation)."""
    program = {"trocar": [ROOT / "target" / "release" / "trocar-work-precision", WORK / "numbers.txt"],
               "mujoco": [WORK / "mujoco_side", WORK / "numbers.txt",
                          HERE / "models" / f"arm-a-{MODELS.get(case)}.mjcf.xml"],
               "pinocchio": [WORK / "pinocchio_side", WORK / "numbers.txt"]}[engine]
    command = ["taskset", "-c", CORE, *program, case, method, step_us, repeats, *([tips] if tips else [])]
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def ratios(rounds=9):
    """Both sides in turn, again and again; what is printed is the median over the rounds of each round's best."""
    runs = {
        "Trocar: forward dynamics": ("trocar", "forward", "-", 1000, 50),
        "Pinocchio: ABA (world)": ("pinocchio", "aba", "world", 1000, 50),
        "Pinocchio: ABA (local)": ("pinocchio", "aba", "local", 1000, 50),
        "MuJoCo: mj_forward": ("mujoco", "forward", "euler", 1000, 50),
        "Trocar: second, friction": ("trocar", "friction", "leapfrog", 1000, 50),
        "MuJoCo: second, friction": ("mujoco", "friction", "euler", 1000, 20),
        "Trocar: second, tracking": ("trocar", "tracking", "leapfrog", 1000, 50),
        "MuJoCo: second, tracking": ("mujoco", "tracking", "euler", 1000, 50),
        "Trocar: second, passive": ("trocar", "passive", "leapfrog", 1000, 50),
        "MuJoCo: second, passive": ("mujoco", "passive", "euler", 1000, 50),
    }
    best = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            best[name].append(call(*run)[0])
    for name, times in best.items():
        unit, scale = ("ms per simulated second", 1e3) if "second" in name else ("ns", 1e9)
        print(f"{name:28s} {statistics.median(times) * scale:9.3f} {unit}  (best {min(times) * scale:.3f})")
    table = {}
    for name, ours, theirs in [
        ("forward dynamics / Pinocchio's ABA", "Trocar: forward dynamics", "Pinocchio: ABA (world)"),
        ("step with friction / MuJoCo's", "Trocar: second, friction", "MuJoCo: second, friction"),
        ("second of tracking / MuJoCo's", "Trocar: second, tracking", "MuJoCo: second, tracking"),
        ("second, passive / MuJoCo's", "Trocar: second, passive", "MuJoCo: second, passive"),
    ]:
        each = [a / b for a, b in zip(best[ours], best[theirs])]
        table[name] = statistics.median(each)
        print(f"{name:36s} {table[name]:.3f}   (rounds {min(each):.3f} to {max(each):.3f})")
    return table


def main():
    prepare()
    ratios()


if __name__ == "__main__":
    main()
