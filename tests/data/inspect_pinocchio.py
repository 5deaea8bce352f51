"""What `trocar inspect` is held against: Pinocchio's numbers for two URDF files.

    python -m venv venv && venv/bin/pip install pin==4.1.0
    venv/bin/python tests/data/inspect_pinocchio.py > tests/data/inspect_pinocchio.json

Joints are named, because the two programs may order them differently. The Jacobian is Pinocchio's
LOCAL_WORLD_ALIGNED one of a link's frame, velocity above angular velocity; its rate times the velocities is the classical
acceleration of the frame's origin at no joint accelerations.
"""

import json
import os

import numpy as np
import pinocchio as pin

HERE = os.path.dirname(os.path.abspath(__file__))
GRAVITY = [0.3, -0.4, -9.80665]  # not along an axis, so that no component goes unseen


def numbers(array):
    return np.asarray(array, dtype=float).tolist()


def evaluate(model, frame, seed):
    data = model.createData()
    generator = np.random.default_rng(seed)
    names = [name for name in model.names if name != "universe"]
    lists = {key: np.round(generator.uniform(-1, 1, len(names)), 3) for key in ("q", "qd", "qdd", "tau")}
    q = pin.neutral(model)
    for name, value in zip(names, lists["q"]):
        joint = model.joints[model.getJointId(name)]
        # A continuous joint's position is its cosine and sine.
        q[joint.idx_q : joint.idx_q + joint.nq] = [value] if joint.nq == 1 else [np.cos(value), np.sin(value)]
    v = lists["qd"]
    pin.forwardKinematics(model, data, q, v, 0 * v)
    pin.updateFramePlacements(model, data)
    at = model.getFrameId(frame)
    aligned = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
    rate = pin.getFrameClassicalAcceleration(model, data, at, aligned).vector
    poses = {}
    for f in model.frames:
        if f.type == pin.FrameType.BODY and f.name not in ("universe", "world_link", "base"):
            placement = data.oMf[model.getFrameId(f.name)]
            poses[f.name] = numbers(placement.translation) + numbers(pin.Quaternion(placement.rotation).coeffs())
    out = {key: numbers(value) for key, value in lists.items()}
    out["joints"] = names
    out["frame"] = frame
    out["poses"] = poses
    out["jacobian"] = numbers(pin.computeFrameJacobian(model, data, q, at, aligned))
    out["jacobian_rate_times_qd"] = numbers(rate)
    mass = pin.crba(model, model.createData(), q)
    out["mass_matrix"] = numbers(np.triu(mass) + np.triu(mass, 1).T)
    out["bias"] = numbers(pin.nonLinearEffects(model, model.createData(), q, v))
    out["gravity_effort"] = numbers(pin.computeGeneralizedGravity(model, model.createData(), q))
    out["inverse_dynamics"] = numbers(pin.rnea(model, model.createData(), q, v, lists["qdd"]))
    out["forward_dynamics"] = numbers(pin.aba(model, model.createData(), q, v, lists["tau"]))
    return out


def main():
    cases = []
    for file, frame in (("arm-a.urdf", "jaw"), ("oblique.urdf", "rim")):
        model = pin.buildModelFromUrdf(os.path.join(HERE, file))
        model.gravity.linear = np.array(GRAVITY)
        for seed in (1, 2, 3):
            cases.append({"file": file, "gravity": GRAVITY, **evaluate(model, frame, seed)})
    versions = {"pinocchio": pin.__version__, "numpy": np.__version__}
    print(json.dumps({"script": "inspect_pinocchio.py", "versions": versions, "cases": cases}, indent=1))


main()
