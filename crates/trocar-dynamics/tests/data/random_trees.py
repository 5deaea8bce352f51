"""Writes random_trees.json: random mechanisms and their dynamics, by Pinocchio, and by MuJoCo where it has the same joints.

Joints are revolute, prismatic, fixed, spherical and free, in chains and trees, with masses from an arm's to a wrist's
(1e-6 kg m² beside 1), rotors, and joints coupled by constant coefficients. Trocar's coordinates v differ from Pinocchio's w:
w = G v, where G holds the couplings and, for a free joint, the turn from the parent's axes to the body's (Pinocchio takes the
linear velocity in the body's axes, Trocar and MuJoCo in the parent's). So M = Gᵀ M_tree G + Σ J r rᵀ and
bias = Gᵀ (nle + M_tree Ġv).

What each result is a sum of. A result of cancellation is known no better than the terms that cancel, whatever algorithm
adds them, so the test allows a number of roundings of the size of the terms. Those sizes stand beside the results, from a
walk through the tree that adds lengths where the algorithms add vectors:

  t_k   √(Σ m r²) over all particles that coordinate k moves, r being how far a particle goes for a unit of k, times its
        coefficient: entry (k, l) of M is a sum of terms m r_k·r_l, so by Cauchy and Schwarz t_k t_l bounds their sizes;
  A     √(Σ m a²), a the acceleration of a particle at q̈ = 0 and gravity, all terms added in size: the bias of k is a sum
        of terms m r_k·a, bounded by t_k A;
  s_k   the same with each r reckoned about the mechanism's far end: MuJoCo keeps inertias about the centre of the whole tree,
        which costs a small wrist at the end of a long arm some digits;
  κ     the norm of the inverse of M with row and column k divided by t_k. An error δ of the right side and ε of such a matrix
        change q̈ by at most κ (δ + ε ‖t q̈‖) / t_k: the condition of M, made independent of units.

Run with: python random_trees.py (pip install pin==4.1.0 mujoco==4.0.0 numpy).
"""

import json
import pathlib
import platform

import mujoco
import numpy as np
import pinocchio as pin

HERE = pathlib.Path(__file__).parent
SEED = 20261121
UPPER = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]


def rounded(values, digits=3):
    return [float(f"{x:.{digits}f}") for x in values]


def significant(values, digits=6):
    return [float(f"{x:.{digits}g}") for x in values]


def pose(six):
    """From x, y, z and roll, pitch, yaw about fixed axes."""
    return pin.SE3(pin.rpy.rpyToMatrix(np.array(six[3:])), np.array(six[:3]))


def symmetric(six):
    m = np.zeros((3, 3))
    for (i, j), value in zip(UPPER, six):
        m[i, j] = m[j, i] = value
    return m


class Draw:
    """A mechanism as it goes into the file: numbers with few digits, so that all three engines read the same."""

    def __init__(self, rng, name, floating_root=False):
        self.rng, self.name = rng, name
        self.gravity = rounded(rng.uniform(-7, 7, 3))
        self.base = [0.0] * 6 if floating_root else rounded(rng.uniform(-1, 1, 6))
        self.frames, self.rotors = [], []
        self.coordinates = []

    def body(self, size, mass):
        """A body of about this size, m, with moments from a slender rod's to a ball's."""
        axes = np.linalg.qr(self.rng.normal(size=(3, 3)))[0]
        half = size * self.rng.uniform(0.03, 1, 3) * 0.5
        second = axes @ np.diag(mass * half**2 / 3) @ axes.T
        inertia = np.trace(second) * np.eye(3) - second
        return significant([mass, *(self.rng.uniform(-0.5, 0.5, 3) * size), *(inertia[i, j] for i, j in UPPER)])

    def frame(self, parent, joint, size, mass, row=None):
        """Parent -1 is the base; mass None leaves the frame without a body."""
        index = len(self.frames)
        placement = rounded([*(self.rng.uniform(-1, 1, 3) * size), *self.rng.uniform(-3, 3, 3)], 4)
        if joint in ("revolute", "prismatic"):
            row = row or [[f"k{index}", 1.0]]
            for name, _ in row:
                if name not in self.coordinates:
                    self.coordinates.append(name)
        elif joint in ("spherical", "free"):
            if joint == "free":
                self.coordinates += [f"f{index}.{axis}" for axis in "xyz"]
            self.coordinates += [f"f{index}.turn_{axis}" for axis in "xyz"]
        self.frames.append({"parent": parent, "joint": joint, "placement": placement, "row": row or [],
                            "body": None if mass is None else self.body(size, mass)})
        return index

    def scalars(self):
        return [name for name in self.coordinates if "." not in name]


# --- the mechanisms -------------------------------------------------------------------------------------------------


def kind(rng):
    return "revolute" if rng.uniform() < 0.7 else "prismatic"


def grow(draw, count, joints=("scalar",), branching=0.0, sizes=(0.4, 0.4), masses=(4.0, 0.5), first=-1):
    """Hangs `count` moving frames in depth-first order (Pinocchio wants that), here and there a fixed one with a body."""
    rng, path = draw.rng, [first]
    for i in range(count):
        share = i / max(count - 1, 1)
        size = sizes[0] ** (1 - share) * sizes[1] ** share * rng.uniform(0.7, 1.3)
        mass = masses[0] ** (1 - share) * masses[1] ** share * rng.uniform(0.5, 1.5)
        # Going back up along the path keeps the order depth first.
        while len(path) > 1 and rng.uniform() < branching:
            path.pop()
        parent = path[-1]
        if rng.uniform() < 0.25 and parent >= 0:
            parent = draw.frame(parent, "fixed", size, mass * 0.3 if rng.uniform() < 0.6 else None)
        joint = joints[int(rng.integers(len(joints)))]
        path.append(draw.frame(parent, kind(rng) if joint == "scalar" else joint, size, mass))


def mechanisms():
    rng = np.random.default_rng(SEED)
    for i in range(8):
        draw = Draw(rng, f"chain_{i}")
        grow(draw, 2 + i % 6)
        yield draw
    for i in range(8):
        draw = Draw(rng, f"tree_{i}")
        grow(draw, 4 + i % 5, branching=0.4)
        yield draw
    for i in range(8):
        draw = Draw(rng, f"wrist_{i}")
        grow(draw, 7, branching=0.2 if i % 2 else 0.0, sizes=(0.6, 0.008), masses=(5.0, 0.005))
        yield draw
    for i in range(8):
        draw = Draw(rng, f"coupled_{i}")
        couple(draw, wrist=i % 2 == 1)
        yield draw
    for i in range(6):
        draw = Draw(rng, f"ball_{i}")
        grow(draw, 3 + i % 3, joints=("scalar", "spherical"), branching=0.3)
        yield draw
    for i in range(8):
        draw = Draw(rng, f"floating_{i}", floating_root=True)
        root = draw.frame(-1, "free", 0.5, 10.0)
        joints = ("scalar",) if i % 2 else ("scalar", "scalar", "spherical")
        grow(draw, 1 + i % 5, joints=joints, branching=0.3, first=root)
        yield draw
    for i in range(2):
        draw = Draw(rng, f"floating_coupled_{i}", floating_root=True)
        draw.frame(-1, "free", 0.5, 10.0)
        couple(draw, wrist=False, first=0)
        yield draw


def couple(draw, wrist, first=-1):
    """Six or seven joints on three or four coordinates; rotors on combinations of these."""
    rng, parent = draw.rng, first
    names = [f"c{k}" for k in range(int(rng.integers(3, 5)))]
    for i in range(6 + int(wrist)):
        share = i / 6
        size = 0.4 * (0.02 if wrist else 1.0) ** share
        mass = 3.0 * (0.003 if wrist else 0.3) ** share
        chosen = [names[i % len(names)]]
        if rng.uniform() < 0.6:
            chosen += [str(rng.choice([n for n in names if n not in chosen]))]
        row = [[name, float(f"{rng.choice([-1, 1]) * rng.uniform(0.3, 1.5):.4f}")] for name in chosen]
        parent = draw.frame(parent, kind(rng), size, mass, row)
        if rng.uniform() < 0.25:
            draw.frame(parent, "fixed", size, mass * 0.2)
    for k in range(3):
        chosen = rng.choice(draw.scalars(), size=2, replace=False)
        gears = rounded(rng.choice([-1, 1]) * rng.uniform(5, 40, 2), 2)
        draw.rotors.append([[[str(name), gear] for name, gear in zip(chosen, gears)], significant([10 ** rng.uniform(-7, -5)])[0]])


# --- Pinocchio ------------------------------------------------------------------------------------------------------


class Tree:
    """A drawn mechanism in Pinocchio, with what leads from Trocar's coordinates to Pinocchio's."""

    def __init__(self, draw):
        self.draw, self.model = draw, pin.Model()
        self.model.gravity.linear = np.array(draw.gravity)
        where = {-1: (0, pose(draw.base))}
        self.joint_of, self.bodies, self.g_rows, self.free = {}, [], [], []
        index = {name: k for k, name in enumerate(draw.coordinates)}
        for i, frame in enumerate(draw.frames):
            joint, at = where[frame["parent"]]
            at = at * pose(frame["placement"])
            kind = frame["joint"]
            if kind != "fixed":
                made = {"revolute": pin.JointModelRZ, "prismatic": pin.JointModelPZ,
                        "spherical": pin.JointModelSpherical, "free": pin.JointModelFreeFlyer}[kind]()
                joint, at = self.model.addJoint(joint, made, at, f"j{i}"), pin.SE3.Identity()
                if kind in ("revolute", "prismatic"):
                    row = np.zeros(len(index))
                    for name, coefficient in frame["row"]:
                        row[index[name]] += coefficient
                    self.g_rows.append(row)
                else:
                    axes = [f"f{i}.{a}" for a in (["x", "y", "z"] if kind == "free" else [])]
                    axes += [f"f{i}.turn_{a}" for a in "xyz"]
                    if kind == "free":
                        self.free.append((len(self.g_rows), joint))
                    self.g_rows += [np.eye(len(index))[index[name]] for name in axes]
            where[i] = joint, at
            self.joint_of[i] = joint
            if frame["body"]:
                body = frame["body"]
                inertia = pin.Inertia(body[0], np.array(body[1:4]), symmetric(body[4:]))
                self.model.appendBodyToJoint(joint, inertia, at)
        self.where = where
        self.n = len(index)
        self.g = np.array(self.g_rows)
        assert self.g.shape == (self.model.nv, self.n)
        self.motors = np.zeros((len(draw.rotors), self.n))
        for r, (row, _) in enumerate(draw.rotors):
            for name, gear in row:
                self.motors[r, index[name]] += gear
        self.rotor_inertias = np.array([inertia for _, inertia in draw.rotors])

    def state(self):
        """Trocar's q and v, and Pinocchio's q."""
        rng, draw = self.draw.rng, self.draw
        values, q, qp = {}, [], []
        for i, frame in enumerate(draw.frames):
            kind = frame["joint"]
            if kind in ("revolute", "prismatic"):
                for name, _ in frame["row"]:
                    if name not in values:
                        values[name] = rounded([rng.uniform(-2, 2) if kind == "revolute" else rng.uniform(-0.3, 0.3)])[0]
                        q.append(values[name])
                qp.append(sum(coefficient * values[name] for name, coefficient in frame["row"]))
            elif kind != "fixed":
                place = rounded(rng.uniform(-1, 1, 3)) if kind == "free" else []
                turn = rng.normal(size=4)
                turn = [float(x) for x in turn / np.linalg.norm(turn)]
                q += [*place, *turn]
                if kind == "free":
                    # Trocar's displacement is from the placement along the parent's axes; Pinocchio's along the placement's.
                    placement = pose(frame["placement"])
                    qp += [*(placement.rotation.T @ np.array(place)), *turn]
                else:
                    qp += turn
        return q, rounded(rng.uniform(-3, 3, self.n)), np.array(qp)

    def to_pinocchio(self, qp, data, v):
        """G at this pose, and Ġ v."""
        g, drift = self.g.copy(), np.zeros(self.model.nv)
        pin.forwardKinematics(self.model, data, qp)
        for row, joint in self.free:
            # World from parent is the base here, whose rotation the joint's placement does not contain.
            frame = self.draw.frames[int(self.model.names[joint][1:])]
            assert frame["parent"] == -1
            base = pose(self.draw.base).rotation
            turn = data.oMi[joint].rotation.T @ base
            g[row:row + 3] = turn @ g[row:row + 3]
            velocity, spin = g[row:row + 3] @ v, g[row + 3:row + 6] @ v
            drift[row:row + 3] = -np.cross(spin, velocity)
        return g, drift


def sizes(draw, q_values, v):
    """The sizes t, A and their company: lengths added where the algorithms add vectors."""
    index = {name: k for k, name in enumerate(draw.coordinates)}
    n, gravity = len(index), np.linalg.norm(draw.gravity)
    here = {-1: dict(w=0.0, alpha=0.0, speed=0.0, a=gravity, at=np.linalg.norm(draw.base[:3]), a_still=0.0)}
    arms, total = {}, dict(t=np.zeros(n), s=np.zeros(n), a=0.0, p=0.0, l=0.0, t2=0.0, u=0.0, m=0.0, still=0.0)
    for i, frame in enumerate(draw.frames):
        before, kind = here[frame["parent"]], frame["joint"]
        arm, slide, rate = np.linalg.norm(frame["placement"][:3]), 0.0, 0.0
        spin = 0.0
        moved = {}
        if kind in ("revolute", "prismatic"):
            reach = sum(abs(c * q_values[name]) for name, c in frame["row"])
            rate = sum(abs(c * v[index[name]]) for name, c in frame["row"])
            if kind == "prismatic":
                arm, slide = arm + reach, rate
            else:
                spin = rate
            moved = {index[name]: (abs(c), kind) for name, c in frame["row"]}
        elif kind in ("spherical", "free"):
            if kind == "free":
                arm += sum(abs(q_values[f"f{i}.{a}"]) for a in "xyz")
                slide = np.linalg.norm([v[index[f"f{i}.{a}"]] for a in "xyz"])
                moved |= {index[f"f{i}.{a}"]: (1.0, "prismatic") for a in "xyz"}
            spin = np.linalg.norm([v[index[f"f{i}.turn_{a}"]] for a in "xyz"])
            moved |= {index[f"f{i}.turn_{a}"]: (1.0, "revolute") for a in "xyz"}
        w = before["w"] + spin
        alpha = before["alpha"] + before["w"] * spin
        moves = before["alpha"] * arm + before["w"] ** 2 * arm + 2 * before["w"] * slide
        here[i] = dict(w=w, alpha=alpha, speed=before["speed"] + before["w"] * arm + slide, at=before["at"] + arm,
                       a=before["a"] + moves, a_still=before["a_still"] + moves)
        # How far this frame's particles go for a unit of each coordinate above: the way back to its joint.
        arms[i] = {k: [(c, kind, distance + arm) for c, kind, distance in uses] for k, uses in
                   arms.get(frame["parent"], {}).items()}
        for k, (c, kind) in moved.items():
            arms[i].setdefault(k, []).append((c, kind, 0.0))
        if frame["body"]:
            mass, radius = frame["body"][0], body_radius(frame["body"])
            for k, uses in arms[i].items():
                total["t"][k] += mass * sum(c * (distance + radius if kind == "revolute" else 1.0)
                                            for c, kind, distance in uses) ** 2
            own = here[i]
            speed = own["speed"] + own["w"] * radius
            centripetal = (own["alpha"] + own["w"] ** 2) * radius
            total["m"] += mass
            total["a"] += mass * (own["a"] + centripetal) ** 2
            total["p"] += mass * speed
            total["t2"] += 0.5 * mass * speed**2
            total["u"] += gravity * mass * (own["at"] + radius)
            total["l"] = max(total["l"], own["at"] + radius)
    for i, frame in enumerate(draw.frames):
        for k, uses in arms[i].items() if frame["body"] else ():
            reach = 2 * total["l"]
            total["s"][k] += frame["body"][0] * sum(c * (reach if kind == "revolute" else 1.0) for c, kind, _ in uses) ** 2
    for row, inertia in draw.rotors:
        for name, gear in row:
            total["t"][index[name]] += inertia * gear**2
            total["t2"] += inertia * (gear * v[index[name]]) ** 2
    return {**total, "t": np.sqrt(total["t"]), "s": np.sqrt(total["s"]), "a": np.sqrt(total["a"])}, here


def body_radius(body):
    """Root mean square distance of its particles from the frame's origin, at most."""
    return np.linalg.norm(body[1:4]) + np.sqrt(0.5 * np.trace(symmetric(body[4:])) / body[0])


def by_pinocchio(draw):
    tree = Tree(draw)
    model, data = tree.model, tree.model.createData()
    q, v, qp = tree.state()
    v = np.array(v)
    g, drift = tree.to_pinocchio(qp, data, v)
    w = g @ v
    m_tree = pin.crba(model, data, qp, pin.Convention.LOCAL)
    m_tree = np.triu(m_tree) + np.triu(m_tree, 1).T
    mass = g.T @ m_tree @ g + tree.motors.T @ np.diag(tree.rotor_inertias) @ tree.motors
    bias = g.T @ (pin.nonLinearEffects(model, data, qp, w) + m_tree @ drift)
    gravity = -g.T @ pin.computeGeneralizedGravity(model, data, qp)

    positions = dict(zip(position_names(draw), q))
    size, here = sizes(draw, positions, v)
    tau = np.array(significant(draw.rng.uniform(-1, 1, tree.n) * size["t"] * size["a"], 4))
    if draw.rotors or any(len(f["row"]) > 1 for f in draw.frames) or np.linalg.matrix_rank(g) < model.nv:
        qdd = np.linalg.solve(mass, tau - bias)
    else:
        acceleration = pin.aba(model, data, qp, w, np.linalg.solve(g.T, tau), pin.Convention.LOCAL)
        qdd = np.linalg.solve(g, acceleration - drift)

    # A point of the last frame: its velocity per coordinate, and its acceleration at q̈ = 0 without gravity.
    last = len(draw.frames) - 1
    point = rounded(draw.rng.uniform(-0.2, 0.2, 3))
    joint, at = tree.where[last]
    probe = model.addFrame(pin.Frame("probe", joint, 0, at * pin.SE3(np.eye(3), np.array(point)), pin.FrameType.OP_FRAME))
    data = model.createData()
    axes = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
    jacobian = pin.computeFrameJacobian(model, data, qp, probe, axes) @ g
    pin.forwardKinematics(model, data, qp, w, drift)
    rate = pin.getFrameClassicalAcceleration(model, data, probe, axes).vector
    tip = here[last]
    radius = np.linalg.norm(point)

    pin.computeCentroidalMomentum(model, data, qp, w)
    momentum = data.hg.vector.copy()
    centre = pin.centerOfMass(model, data, qp).copy()
    scaled = mass / np.outer(size["t"], size["t"])
    sizes_out = {
        "t": significant(size["t"], 3), "s": significant(size["s"], 3), "acceleration": size["a"], "kappa": np.linalg.norm(np.linalg.inv(scaled), 2),
        "gravity": np.linalg.norm(draw.gravity) * np.sqrt(size["m"]),
        "length": size["l"] + radius, "point_acceleration": tip["a_still"] + (tip["alpha"] + tip["w"] ** 2) * radius,
        "angular_acceleration": tip["alpha"] + tip["w"] ** 2, "momentum": size["p"], "kinetic": size["t2"], "potential": size["u"],
    }
    lower = [mass[i, j] for i in range(tree.n) for j in range(i + 1)]
    out = {
        "name": draw.name, "gravity_mps2": draw.gravity, "world_from_base": draw.base, "frames": draw.frames,
        "rotors": draw.rotors, "q": q, "v": v.tolist(), "effort": tau.tolist(), "point": point,
        "condition": float(f"{np.linalg.cond(mass):.2g}"),
        "sizes": {key: x if isinstance(x, list) else significant([x], 3)[0] for key, x in sizes_out.items()},
        "pinocchio": {
            "mass_lower": lower, "bias": bias.tolist(), "gravity_effort": gravity.tolist(), "acceleration": qdd.tolist(),
            "jacobian": jacobian.T.flatten().tolist(), "point_bias": rate.tolist(), "centre": centre.tolist(),
            "momentum": momentum.tolist(), "kinetic": 0.5 * float(v @ mass @ v),
            "potential": float(pin.computePotentialEnergy(model, data, qp)),
        },
    }
    return out, jacobian, rate


def position_names(draw):
    names, seen = [], set()
    for i, frame in enumerate(draw.frames):
        for name, _ in frame["row"]:
            if name not in seen:
                seen.add(name)
                names.append(name)
        if frame["joint"] == "free":
            names += [f"f{i}.{a}" for a in "xyz"]
        if frame["joint"] in ("spherical", "free"):
            names += [f"f{i}.quaternion_{a}" for a in "xyzw"]
    return names


# --- MuJoCo ---------------------------------------------------------------------------------------------------------


def by_mujoco(draw, out):
    """The same from MuJoCo, unless joints are coupled (it has no exact coupling)."""
    if any(len(f["row"]) > 1 or any(c != 1.0 for _, c in f["row"]) for f in draw.frames) or draw.rotors:
        return None
    spec = mujoco.MjSpec()
    spec.option.gravity = draw.gravity
    spec.option.enableflags |= mujoco.mjtEnableBit.mjENBL_ENERGY
    spec.compiler.degree = False
    spec.compiler.balanceinertia = False
    bodies = {}
    base = pose(draw.base)
    for i, frame in enumerate(draw.frames):
        at = pose(frame["placement"])
        if frame["parent"] < 0:
            at = base * at
        parent = spec.worldbody if frame["parent"] < 0 else bodies[frame["parent"]]
        x, y, z, w = pin.Quaternion(at.rotation).coeffs()
        body = parent.add_body(name=f"b{i}", pos=at.translation, quat=[w, x, y, z])
        kind = frame["joint"]
        if kind != "fixed":
            made = {"revolute": mujoco.mjtJoint.mjJNT_HINGE, "prismatic": mujoco.mjtJoint.mjJNT_SLIDE,
                    "spherical": mujoco.mjtJoint.mjJNT_BALL, "free": mujoco.mjtJoint.mjJNT_FREE}[kind]
            body.add_joint(type=made, axis=[0, 0, 1])
        if frame["body"]:
            mass, cx, cy, cz, xx, xy, xz, yy, yz, zz = frame["body"]
            body.explicitinertial = True
            body.mass, body.ipos, body.fullinertia = mass, [cx, cy, cz], [xx, yy, zz, xy, xz, yz]
        bodies[i] = body
    model = spec.compile()
    data = mujoco.MjData(model)
    qm, names = [], position_names(draw)
    values = dict(zip(names, out["q"]))
    for i, frame in enumerate(draw.frames):
        qm += [values[name] for name, _ in frame["row"]]
        if frame["joint"] == "free":
            # MuJoCo's free joint is placed in the world.
            qm += list(base.translation + base.rotation @ (np.array(frame["placement"][:3]) + [values[f"f{i}.{a}"] for a in "xyz"]))
        if frame["joint"] in ("spherical", "free"):
            turn = [values[f"f{i}.quaternion_{a}"] for a in "wxyz"]
            if frame["joint"] == "free":
                placed = pin.Quaternion((base * pose(frame["placement"])).rotation)
                x, y, z, w = (placed * pin.Quaternion(*turn)).coeffs()
                turn = [w, x, y, z]
            qm += turn
    data.qpos[:], data.qvel[:], data.qfrc_applied[:] = qm, out["v"], out["effort"]
    mujoco.mj_forward(model, data)
    mass = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, mass)
    return {"mass_lower": [mass[i, j] for i in range(model.nv) for j in range(i + 1)], "bias": data.qfrc_bias.tolist(),
            "acceleration": data.qacc.tolist()}


def main():
    cases = []
    for draw in mechanisms():
        out, _, _ = by_pinocchio(draw)
        both = by_mujoco(draw, out)
        if both:
            t, s = np.array(out["sizes"]["t"]), np.array(out["sizes"]["s"])
            far = max(1.0, float(s / t @ (s / t)))
            bound = {"bias": t * out["sizes"]["acceleration"], "acceleration": out["sizes"]["kappa"] / t * (
                far * np.linalg.norm(t * out["pinocchio"]["acceleration"]) + out["sizes"]["acceleration"])}
            bound["mass_lower"] = np.array([s[i] * s[j] for i in range(len(s)) for j in range(i + 1)])
            worst = {k: float(np.max(np.abs(np.array(both[k]) - out["pinocchio"][k]) / bound[k]) / 2.2e-16) for k in both}
            out["mujoco"] = both
        else:
            worst = {}
        print(f"{draw.name:20s} n={len(draw.coordinates):2d} condition {out['condition']:.1e}  MuJoCo from Pinocchio in roundings",
              {k: round(x, 1) for k, x in worst.items()})
        cases.append(out)
    versions = {"python": platform.python_version(), "pinocchio": pin.__version__, "mujoco": mujoco.__version__,
                "numpy": np.__version__}
    head = json.dumps({"script": pathlib.Path(__file__).name, "seed": SEED, "versions": versions})
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (HERE / "random_trees.json").write_text(f'{head[:-1]}, "cases": [\n{lines}\n]}}\n')
    print(len(cases), "mechanisms,", sum("mujoco" in case for case in cases), "of them by MuJoCo too")


if __name__ == "__main__":
    main()
