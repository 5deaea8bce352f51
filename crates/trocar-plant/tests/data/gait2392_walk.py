"""One adult's walk out of OpenSim's Gait2392 example, as a small table: pelvis, joint angles, ground reaction, published moments.

    git clone --depth 1 https://github.com/opensim-org/opensim-models
    python3 gait2392_walk.py opensim-models > gait2392_walk.csv

Needs NumPy. Made with commit 20a888b9655e73fb84963d6e03eee3752cf6074b (2024-12-09). The data are of the Gait2392 model, CC BY 3.0: D.G. Thelen, A. Seth,
F.C. Anderson, S.L. Delp and others.

What it does: joint coordinates go through a third-order Butterworth low pass at 6 Hz, forward and backward, as OpenSim's inverse
dynamics tool did that made the published moments (lowpass_cutoff_frequency_for_coordinates 6); the ground reaction is taken as it is, at the same instants.
OpenSim's ground (x forward, y up, z right) becomes x forward, y left, z up; its knee angle changes sign.
"""

import re
import sys
from pathlib import Path

import numpy as np


def table(path):
    lines = path.read_text().splitlines()
    start = next(k for k, line in enumerate(lines) if line.strip() == "endheader") + 1
    names = lines[start].split()
    values = np.array([[float(x) for x in line.split()] for line in lines[start + 1 :] if line.strip()])
    return {name: values[:, k] for k, name in enumerate(names)}


def butterworth(order, cutoff, rate):
    """Numerator and denominator of the low pass by the bilinear transform."""
    warped = 2.0 * rate * np.tan(np.pi * cutoff / rate)
    k = np.arange(order)
    poles = warped * np.exp(1j * np.pi * (2 * k + order + 1) / (2 * order))
    digital = (2.0 * rate + poles) / (2.0 * rate - poles)
    b = np.real(np.poly(-np.ones(order)))
    a = np.real(np.poly(digital))
    return b * np.sum(a) / np.sum(b), a


def once(b, a, x):
    """The filter over x, starting settled on its first value."""
    y = np.zeros_like(x)
    for n in range(len(x)):
        y[n] = sum(b[k] * (x[n - k] if n >= k else x[0]) for k in range(len(b)))
        y[n] -= sum(a[k] * (y[n - k] if n >= k else x[0]) for k in range(1, len(a)))
    return y


def low_passed(x, cutoff, rate, pad=100):
    b, a = butterworth(3, cutoff, rate)
    longer = np.concatenate([2 * x[0] - x[pad:0:-1], x, 2 * x[-1] - x[-2 : -pad - 2 : -1]])
    return once(b, a, once(b, a, longer)[::-1])[::-1][pad:-pad]


folder = Path(sys.argv[1]) / "Pipelines/Gait2392_Simbody"
motion = table(folder / "subject01_walk1_ik.mot")
ground = table(folder / "subject01_walk1_grf.mot")
moments = table(folder / "OutputReference/ResultsInverseDynamics/InverseDynamicsOutput.sto")
model = (folder / "OutputReference/subject01_simbody.osim").read_text()
hip = re.search(r'<CustomJoint name="hip_r">.*?<translation>(.*?)</translation>', model, re.S).group(1)
hips_in_pelvis = np.array([float(x) for x in hip.split()]) * [1, 1, 0]

time = motion.pop("time")
rate = (len(time) - 1) / (time[-1] - time[0])
motion = {name: low_passed(x, 6.0, rate) for name, x in motion.items()}


def pelvis_axes(k):
    tilt, list_, turn = (np.radians(motion[n][k]) for n in ("pelvis_tilt", "pelvis_list", "pelvis_rotation"))
    c, s = np.cos, np.sin
    about_z = np.array([[c(tilt), -s(tilt), 0], [s(tilt), c(tilt), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, c(list_), -s(list_)], [0, s(list_), c(list_)]])
    about_y = np.array([[c(turn), 0, s(turn)], [0, 1, 0], [-s(turn), 0, c(turn)]])
    return about_z @ about_x @ about_y


def turned(v):
    return [v[0], -v[2], v[1]]


sides = {"r": "", "l": "1_"}
names = ["time_s", "hips_x_m", "hips_y_m", "hips_z_m", "pelvis_back_tilt_deg", "pelvis_list_deg", "pelvis_rotation_deg"]
joints = ["hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "ankle_dorsiflexion"]
for side in sides:
    names += [f"{joint}_{side}_deg" for joint in joints]
for side in sides:
    names += [f"force_{axis}_{side}_n" for axis in "xyz"] + [f"centre_{axis}_{side}_m" for axis in "xyz"]
    names += [f"torque_z_{side}_nm"]
for side in sides:
    names += [f"{joint}_moment_{side}_nm" for joint in joints]

print("# One adult (72.6 kg, 1.803 m) walking: OpenSim's Gait2392 example (opensim-org/opensim-models, Pipelines/Gait2392_Simbody), CC BY 3.0,")
print("# D.G. Thelen, A. Seth, F.C. Anderson, S.L. Delp and others. Made by gait2392_walk.py, which says how. x forward, y left, z up.")
print("# The hips' middle and the pelvis' angles (turned about y to the right, then x, then z) in the ground; angles in clinical terms;")
print("# force on each foot at its centre of pressure with the free torque; moments as efforts on the angles, published.")
print(",".join(names))
for k in range(len(time)):
    # The published moments begin before the motion does and end at 1.6 s.
    if not 0.53 < time[k] < 1.65:
        continue
    at = [motion[f"pelvis_t{axis}"][k] for axis in "xyz"] + pelvis_axes(k) @ hips_in_pelvis
    row = [time[k]] + turned(at) + [motion[n][k] for n in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]
    for side in sides:
        row += [motion[f"{joint}_{side}"][k] for joint in joints[:3]]
        row += [-motion[f"knee_angle_{side}"][k], motion[f"ankle_angle_{side}"][k]]
    for side, prefix in sides.items():
        vector = lambda name: [np.interp(time[k], ground["time"], ground[f"{prefix}{name}{axis}"]) for axis in "xyz"]
        # A centre of pressure means nothing, and jumps, where nothing presses.
        force = vector("ground_force_v")
        row += turned(force) + turned(vector("ground_force_p")) + [vector("ground_torque_")[1]]
    nearest = int(np.argmin(np.abs(moments["time"] - time[k])))
    here = abs(moments["time"][nearest] - time[k]) < 1e-3
    for side in sides:
        for joint, column, sign in zip(
            joints,
            ["hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle"],
            [1, 1, 1, -1, 1],
        ):
            row += [sign * moments[f"{column}_{side}_moment"][nearest] if here else None]
    print(",".join("" if x is None else f"{x:.5f}" for x in row))
