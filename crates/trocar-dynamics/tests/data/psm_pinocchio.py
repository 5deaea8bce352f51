"""Writes psm_pinocchio.json: the sample PSM's dynamics at random states, by Pinocchio.

The arm is given to Pinocchio as its tree of 12 joints plus fixed frames; the coordinates are projected with G here:
M = G^T M_tree G + rotors, bias = G^T nle(G q, G qd). Frames and coupling are written out once more, on purpose.

Run with: python psm_pinocchio.py (pip install pin==4.1.0 numpy). Reads psm_equivalent.json beside it.
"""

import json
import pathlib

import numpy as np
import pinocchio as pin

HERE = pathlib.Path(__file__).parent
LINKS = {link["name"]: link for link in json.loads((HERE / "psm_equivalent.json").read_text())["links"]}
H = np.pi / 2
# Depth first, as Pinocchio's composite-rigid-body algorithm requires.
# name, parent, a, alpha, d, theta, kind, row over (yaw, pitch, insertion, roll, wrist_pitch, wrist_yaw, jaw)
FRAMES = [
    ("yaw", None, 0, H, 0.516, H, "R", [1, 0, 0, 0, 0, 0, 0]),
    ("pitch", "yaw", 0, -H, 0, -H, "R", [0, 1, 0, 0, 0, 0, 0]),
    ("pitch_back", "pitch", 0.04009, 0, 0, H, None, None),
    ("pitch_front", "pitch_back", 0.14454, 0, 0, H, "R", [0, -1, 0, 0, 0, 0, 0]),
    ("pitch_bottom", "pitch_front", 0.516, 0, 0, 0, "R", [0, 1, 0, 0, 0, 0, 0]),
    ("insertion", "pitch_bottom", 0.04009, -H, 0.14454 - 0.4318, 0, "P", [0, 0, 1, 0, 0, 0, 0]),
    ("roll", "insertion", 0, 0, 0.4162, np.pi, "R", [0, 0, 0, 1, 0, 0, 0]),
    ("wrist_pitch", "roll", 0, -H, 0, -H, "R", [0, 0, 0, 0, 1, 0, 0]),
    ("jaw_1", "wrist_pitch", 0.0091, -H, 0, -H, "R", [0, 0, 0, 0, 0, 1, 0.5]),
    ("jaw_2", "wrist_pitch", 0.0091, -H, 0, -H, "R", [0, 0, 0, 0, 0, 1, -0.5]),
    ("pitch_top", "pitch_front", 0.096, 0, 0, np.pi, "R", [0, 1, 0, 0, 0, 0, 0]),
    ("pitch_front_upper", "pitch_back", 0.14454 + 0.03808, 0, 0, H, "R", [0, -1, 0, 0, 0, 0, 0]),
    ("counterweight", "pitch", 0.04009, -H, 0, 0, "P", [0, 0, 1, 0, 0, 0, 0]),
]
COUPLING = np.array([  # joints from discs
    [-1.5632, 0, 0, 0],
    [0, 1.0186, 0, 0],
    [0, -0.8306, 0.6089, 0.6089],
    [0, 0, -1.2177, 1.2177],
])
GEAR, ROTOR = 11.71, 2.8e-6


def placement(a, alpha, d, theta):
    about_x = pin.SE3(pin.utils.rotate("x", alpha), np.array([a, 0.0, 0.0]))
    return about_x * pin.SE3(pin.utils.rotate("z", theta), np.array([0.0, 0.0, d]))


def build():
    model, g = pin.Model(), []
    where = {None: (0, pin.SE3.Identity())}  # joint and pose in it
    for name, parent, a, alpha, d, theta, kind, row in FRAMES:
        joint, pose = where[parent]
        pose = pose * placement(a, alpha, d, theta)
        if kind:
            kind = pin.JointModelRZ() if kind == "R" else pin.JointModelPZ()
            joint = model.addJoint(joint, kind, pose, name)
            pose = pin.SE3.Identity()
            g.append(row)
        where[name] = joint, pose
        if name in LINKS:
            link = LINKS[name]
            xx, xy, xz, yy, yz, zz = link["about_centre_kgm2"]
            about = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
            body = pin.Inertia(link["mass_kg"], np.array(link["centre_of_mass_m"]), about)
            model.appendBodyToJoint(joint, body, pose)
    return model, np.array(g, float)


def main():
    model, g = build()
    data = model.createData()
    assert model.nq == model.nv == 12
    motors = GEAR * np.hstack([np.zeros((4, 3)), np.linalg.inv(COUPLING)])
    rng = np.random.default_rng(1)
    cases = []
    for _ in range(20):
        low = np.array([-1.58, -0.92, 0.0, -4.5, -1.39, -1.39, -0.69])
        high = np.array([1.58, 0.92, 0.24, 4.5, 1.39, 1.39, 1.39])
        q = rng.uniform(low, high)
        qd = rng.uniform(-1, 1, 7) * [1.5, 1.5, 0.2, 6, 6, 6, 6]
        tau = rng.uniform(-1, 1, 7) * [3.3, 3.3, 9.8, 0.33, 0.25, 0.2, 0.16]
        m_tree = pin.crba(model, data, g @ q)
        m_tree = np.triu(m_tree) + np.triu(m_tree, 1).T
        mass = g.T @ m_tree @ g + ROTOR * motors.T @ motors
        bias = g.T @ pin.nonLinearEffects(model, data, g @ q, g @ qd)
        cases.append({
            "q": q.tolist(), "qd": qd.tolist(), "tau": tau.tolist(), "mass": mass.flatten().tolist(),
            "bias": bias.tolist(), "qdd": np.linalg.solve(mass, tau - bias).tolist(),
            "condition": float(np.linalg.cond(mass)),
        })
    out = {"script": pathlib.Path(__file__).name, "versions": {"pinocchio": pin.__version__, "numpy": np.__version__},
           "cases": cases}
    (HERE / "psm_pinocchio.json").write_text(json.dumps(out) + "\n")
    print(len(cases), "cases; condition", max(c["condition"] for c in cases))


if __name__ == "__main__":
    main()
