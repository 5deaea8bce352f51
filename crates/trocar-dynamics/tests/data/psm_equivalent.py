"""Writes psm_equivalent.json: link inertias of the PSM Classic arm that real bodies could have.

Input: psm_identified.json, the identified table, whose single links are null-space artefacts. Of the 80 numbers of its
eight links 17 combinations show in M(q) and the gravity efforts. This finds the table nearest to the identified one
(in the pseudo-inertia matrices, with lengths in units of 0.1 m) that has exactly these combinations once the instrument
below (its wrist straight) is added to link 8, and whose every link has a radius of gyration of at least 5 mm in every
direction. For the unobservable moments of links 1, 4 and 5 "nearest" means to: the mean transverse moment of the CAD
model's yaw link (0.016925 kg m^2, WPI-AIM/dvrk_env psm.sdf), and thin rods of the parallelogram's length 0.516 m.

The instrument is assumed: a steel tube (7850 kg/m^3) of 8.4 mm outside and 8.0 mm inside diameter over the tool length, a
2 g clevis (solid cylinder of 4 mm radius), two steel jaws of 10.2 x 4 x 2 mm.

Run with: numpy 2, cvxpy 1.9 (Clarabel). python psm_equivalent.py
"""

import json
import pathlib

import cvxpy as cp
import numpy as np

HERE = pathlib.Path(__file__).parent
TABLE = json.loads((HERE / "psm_identified.json").read_text())
GEOMETRY = TABLE["geometry_m"]
NAMES = {1: "yaw", 2: "pitch", 4: "pitch_front", 5: "pitch_front_upper", 6: "pitch_bottom", 7: "pitch_top",
         8: "insertion", 9: "counterweight"}
UPPER = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
GRAVITY = np.array([0.0, 0.0, -9.81])


def rx(a):
    return np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])


def rz(a):
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def symmetric(six):
    m = np.zeros((3, 3))
    for (i, j), value in zip(UPPER, six):
        m[i, j] = m[j, i] = value
    return m


def second_moments(inertia):
    return np.trace(inertia) / 2 * np.eye(3) - inertia


def inertia(moments):
    return np.trace(moments) * np.eye(3) - moments


def pseudo(mass, centre, about_centre):
    p = np.zeros((4, 4))
    p[:3, :3] = second_moments(about_centre) + mass * np.outer(centre, centre)
    p[:3, 3] = p[3, :3] = mass * np.asarray(centre)
    p[3, 3] = mass
    return p


def flat(p):
    return [p[3, 3], p[0, 3], p[1, 3], p[2, 3], *[p[i, j] for i, j in UPPER]]


def poses(q):
    scope = dict(GEOMETRY, pi=np.pi, q1=q[0], q2=q[1], q3=q[2])
    result = {0: (np.eye(3), np.zeros(3))}
    for f in TABLE["frames"]:
        r, p = result[f["parent"]]
        a, alpha, d, theta = [eval(f[k], scope) for k in ("a", "alpha", "d", "theta")]
        turned = r @ rx(alpha) @ rz(theta)
        result[f["n"]] = (turned, p + r @ np.array([a, 0, 0]) + turned @ np.array([0, 0, d]))
    return result


def regressor(q, h=1e-5):
    """Six entries of M and three gravity efforts as a linear function of all links' pseudo-inertias."""
    here = poses(q)
    steps = [(poses(q + h * e), poses(q - h * e)) for e in np.eye(3)]
    rows = np.zeros((9, 10 * len(NAMES)))
    for j, n in enumerate(NAMES):
        r, _ = here[n]
        linear, angular = np.zeros((3, 3)), np.zeros((3, 3))
        for k, (plus, minus) in enumerate(steps):
            linear[:, k] = (plus[n][1] - minus[n][1]) / (2 * h)
            w = (plus[n][0] - minus[n][0]) / (2 * h) @ r.T
            angular[:, k] = [(w[2, 1] - w[1, 2]) / 2, (w[0, 2] - w[2, 0]) / 2, (w[1, 0] - w[0, 1]) / 2]
        for i in range(10):
            unit = np.eye(10)[i]
            mass, moment, about = unit[0], r @ unit[1:4], r @ inertia(symmetric(unit[4:])) @ r.T
            cross = np.array([[0, -moment[2], moment[1]], [moment[2], 0, -moment[0]], [-moment[1], moment[0], 0]])
            mixed = linear.T @ cross @ angular
            m = mass * linear.T @ linear - mixed - mixed.T + angular.T @ about @ angular
            effort = mass * linear.T @ GRAVITY + angular.T @ np.cross(moment, GRAVITY)
            rows[:, 10 * j + i] = [*[m[a, b] for a, b in UPPER], *effort]
    return rows


def instrument():
    """Bodies of the instrument as (name, mass, centre, inertia), and the pseudo-inertia of all in frame 8, wrist straight."""
    length, reach, steel = GEOMETRY["l_tool"], GEOMETRY["l_pitch2yaw"], 7850.0
    outer, inner = 0.0042, 0.0040
    shaft = steel * np.pi * (outer**2 - inner**2) * length
    across = shaft * (3 * (outer**2 + inner**2) + length**2) / 12
    clevis, radius = 0.002, 0.004
    slender = clevis * (3 * radius**2 + reach**2) / 12
    jx, jy, jz = 0.004, 0.0102, 0.002
    jaw = steel * jx * jy * jz
    jaw_inertia = np.diag([jaw * (jy**2 + jz**2), jaw * (jx**2 + jz**2), jaw * (jx**2 + jy**2)]) / 12
    bodies = [
        ("roll", shaft, np.array([0, 0, -length / 2]), np.diag([across, across, shaft * (outer**2 + inner**2) / 2])),
        ("wrist_pitch", clevis, np.array([reach / 2, 0, 0]), np.diag([clevis * radius**2 / 2, slender, slender])),
        ("jaw_1", jaw, np.array([0, jy / 2, 0]), jaw_inertia),
        ("jaw_2", jaw, np.array([0, jy / 2, 0]), jaw_inertia),
    ]
    roll = rz(np.pi), np.array([0, 0, length])
    bend = rx(-np.pi / 2) @ rz(-np.pi / 2)
    pitch = roll[0] @ bend, roll[1]
    jaws = pitch[0] @ bend, pitch[1] + pitch[0] @ np.array([reach, 0, 0])
    total = np.zeros((4, 4))
    for (_, mass, centre, about), (r, p) in zip(bodies, [roll, pitch, jaws, jaws]):
        total += pseudo(mass, p + r @ centre, r @ about @ r.T)
    return bodies, total


def main():
    identified, prior = {}, {}
    for link in TABLE["links"]:
        n, about = link["n"], symmetric(link["I"])
        identified[n] = pseudo(link["m"], link["com"], about)
        if n == 1:
            about = np.diag([0.016925, 0.016925, about[2, 2]])
        if n in (4, 5):
            rod = link["m"] * GEOMETRY["l_2L2"] ** 2 / 12
            about = np.diag([about[0, 0], rod, rod])
        prior[n] = pseudo(link["m"], link["com"], about)
    bodies, tool = instrument()
    rng = np.random.default_rng(0)
    reach = np.array([1.5, 0.9, 0.12])
    rows = np.vstack([regressor(np.array([0, 0, 0.12]) + rng.uniform(-1, 1, 3) * reach) for _ in range(150)])
    _, s, v = np.linalg.svd(rows, full_matrices=False)
    rank = int((s > 1e-7 * s[0]).sum())
    observed = v[:rank] * s[:rank, None] / np.sqrt(len(rows) / 9)
    wanted = np.concatenate([flat(identified[n] - (tool if n == 8 else 0)) for n in NAMES])

    links = {n: cp.Variable((4, 4), PSD=True) for n in NAMES}
    unknown = cp.hstack([cp.hstack(flat(p)) for p in links.values()])
    constraints = [observed @ unknown == observed @ wanted]
    constraints += [p >> p[3, 3] * np.diag([0.005**2] * 3 + [0]) for p in links.values()]
    scale = np.diag([10.0, 10.0, 10.0, 1.0])
    distance = sum(cp.sum_squares(scale @ (p - prior[n]) @ scale) for n, p in links.items())
    problem = cp.Problem(cp.Minimize(distance), constraints)
    problem.solve(solver="CLARABEL")
    assert problem.status == "optimal", problem.status

    table = []
    for n, variable in links.items():
        p = variable.value
        mass, centre = p[3, 3], p[:3, 3] / p[3, 3]
        table.append((NAMES[n], mass, centre, inertia(p[:3, :3] - mass * np.outer(centre, centre))))
    out = {
        "script": pathlib.Path(__file__).name,
        "versions": {"numpy": np.__version__, "cvxpy": cp.__version__},
        "observed_combinations": rank,
        "links": [
            {
                "name": name,
                "mass_kg": round(float(mass), 10),
                "centre_of_mass_m": [round(float(x), 10) + 0.0 for x in centre],
                "about_centre_kgm2": [round(float(about[i, j]), 12) + 0.0 for i, j in UPPER],
            }
            for name, mass, centre, about in table + bodies
        ],
    }
    rounded = np.concatenate([
        flat(pseudo(l["mass_kg"], l["centre_of_mass_m"], symmetric(l["about_centre_kgm2"]))) for l in out["links"][:8]
    ])
    difference = np.abs(rows @ (rounded - wanted)).max()
    out["largest_difference_from_identified_si"] = float(difference)
    (HERE / "psm_equivalent.json").write_text(json.dumps(out, indent=1) + "\n")
    print(rank, "combinations; largest difference of M or gravity:", difference)


if __name__ == "__main__":
    main()
