#!/usr/bin/env python3
"""The motion interface of an arm for Trocar, in a program of your own: CRTK's commands and states, trajectories and
inverse kinematics, as the built-in one has them.

    {TRY}

Python 3.8 or newer, nothing else. From top to bottom: the table of states, what is asked of a goal, trajectories,
kinematics; then how commands are taken, homing, what is published; last the protocol. Standard output and standard
error are yours: what is printed there is kept with the result. The program keeps nothing between two activations but
the words of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.
"""

import json
import math
import os
import socket
import struct
import sys
import traceback


# ---- Yours: the operating states -----------------------------------------------------------------------------

DISABLED, ENABLED, PAUSED, FAULT = range(4)  # the values of operating_state
ENABLE, DISABLE, PAUSE, RESUME, HOME, UNHOME = range(6)  # the values of state_command
NO_REFUSAL, INVALID_COMMAND, NOT_READY, NO_FEEDBACK, JOINT_LIMIT = range(5)  # the values of error
JUMP, OUT_OF_REACH, TOO_CLOSE, HOMING_FAILED = range(5, 9)


def state_after(state, command):
    """Where a command leads by CRTK's table, or None if it is invalid in this state."""
    if command == ENABLE and state != PAUSED:
        return ENABLED  # from FAULT an attempt: a fault that persists brings the device back
    if command == DISABLE:
        return DISABLED
    if command == PAUSE and state in (ENABLED, PAUSED):
        return PAUSED
    if command == RESUME and state == PAUSED:
        return ENABLED
    if command == HOME and state == ENABLED:
        return ENABLED
    if command == UNHOME:
        return state
    return None


class Refused(Exception):
    """Why a command is refused."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def check_goal(joint, goal, present, jump):
    """Refuses a goal beyond a joint's limits, or, of a servo command, a jump greater than `jump` (None: any)."""
    if not joint["lower"] <= goal <= joint["upper"]:
        raise Refused(JOINT_LIMIT)
    if jump is not None and abs(goal - present) > jump:
        raise Refused(JUMP)


# ---- Yours: trajectories -------------------------------------------------------------------------------------
# Each joint goes to its cruise velocity at its acceleration, cruises, and comes to rest at the goal. The slowest joint
# sets the duration; the others cruise slower, so that all arrive together. Lists have a place for each of 8 joints.

PLACES = 8
ZEROS = [0.0] * PLACES


class Trajectory:
    """A way through joint space, from its start to rest at its goal."""

    def __init__(self, start_ns, position, velocity):
        self.start_ns, self.duration_s = start_ns, 0.0
        self.start, self.start_velocity = position[:], velocity[:]
        self.cruise, self.acceleration, self.goal = ZEROS[:], ZEROS[:], position[:]

    def at(self, now_ns):
        """Positions, velocities, whether it has ended. The last phase counts from the goal, to end there exactly."""
        t = max(now_ns - self.start_ns, 0) / 1e9
        left = self.duration_s - t
        if left <= 0.0:
            return self.goal[:], ZEROS[:], True
        position, velocity = ZEROS[:], ZEROS[:]
        for j in range(PLACES):
            v0, a, v = self.start_velocity[j], self.acceleration[j], self.cruise[j]
            first_s = abs(v - v0) / a if a > 0.0 else 0.0
            last_s = abs(v) / a if a > 0.0 else 0.0
            if left < last_s:
                back = -a if v < 0.0 else a
                position[j], velocity[j] = self.goal[j] - 0.5 * back * left * left, back * left
            elif t < first_s:
                towards = -a if v < v0 else a
                position[j], velocity[j] = self.start[j] + (v0 + 0.5 * towards * t) * t, v0 + towards * t
            else:
                position[j] = self.start[j] + 0.5 * (v0 + v) * first_s + v * (t - first_s)
                velocity[j] = v
        return position, velocity, False


def plan(start_ns, position, velocity, goal, limits):
    """The fastest trajectory to rest at `goal` within (velocities, accelerations)."""
    made = Trajectory(start_ns, position, velocity)
    made.goal[: len(goal)] = goal
    slowest = 0
    for j in range(len(goal)):
        least_s = shortest(made.goal[j] - made.start[j], made.start_velocity[j], limits[0][j], limits[1][j])
        if least_s > made.duration_s:
            made.duration_s, slowest = least_s, j
    if not make_straight(made, slowest, limits):
        made.cruise, made.acceleration = ZEROS[:], limits[1][:]
        for j in range(len(goal)):
            distance = made.goal[j] - made.start[j]
            made.cruise[j] = cruise(distance, made.start_velocity[j], limits[1][j], made.duration_s)
    return made


def make_straight(made, slowest, limits):
    """From rest: every joint follows the profile of the slowest, scaled to its own distance, where limits allow it."""
    reference = made.goal[slowest] - made.start[slowest]
    if reference == 0.0 or any(v != 0.0 for v in made.start_velocity):
        return False
    v = cruise(reference, 0.0, limits[1][slowest], made.duration_s)
    for j in range(PLACES):
        ratio = (made.goal[j] - made.start[j]) / reference
        made.cruise[j], made.acceleration[j] = v * ratio, limits[1][slowest] * abs(ratio)
        too_fast = abs(made.cruise[j]) > limits[0][j] * (1.0 + 1e-12)
        if ratio != 0.0 and (too_fast or made.acceleration[j] > limits[1][j] * (1.0 + 1e-12)):
            return False
    return True


def brake(start_ns, position, velocity, limits):
    """Brings all joints to rest together, each on its way."""
    made = Trajectory(start_ns, position, velocity)
    made.duration_s = max(abs(v) / a for v, a in zip(velocity, limits[1]))
    if made.duration_s > 0.0:
        for j in range(PLACES):
            made.acceleration[j] = abs(velocity[j]) / made.duration_s
            made.goal[j] = position[j] + 0.5 * velocity[j] * made.duration_s
    return made


def mirrored(distance, v0, a):
    """Mirrors the problem, if need be, so that the goal lies beyond the point where braking at once would end."""
    return (-distance, -v0) if distance < 0.5 * v0 * abs(v0) / a else (distance, v0)


def shortest(distance, v0, limit, a):
    """The shortest time in which a joint covers `distance` from velocity `v0` and comes to rest, s."""
    distance, v0 = mirrored(distance, v0, a)
    if distance - 0.5 * v0 * abs(v0) / a <= 0.0:
        return abs(v0) / a
    peak = math.sqrt(a * distance + 0.5 * v0 * v0)
    if peak <= limit:
        return (2.0 * peak - v0) / a
    if v0 <= limit:
        covered = (2.0 * limit * limit - v0 * v0) / (2.0 * a)
        return (2.0 * limit - v0) / a + (distance - covered) / limit
    return v0 / a + (distance - 0.5 * v0 * v0 / a) / limit


def cruise(distance, v0, a, duration_s):
    """The cruise velocity with which a joint covers `distance` from `v0` in exactly `duration_s` and comes to rest."""
    sign = -1.0 if distance < 0.5 * v0 * abs(v0) / a else 1.0
    distance, v0 = mirrored(distance, v0, a)
    if v0 > 0.0 and distance <= 0.5 * v0 * v0 / a + v0 * (duration_s - v0 / a):  # slower than at the start
        left_s = duration_s - v0 / a
        return sign * max(distance - 0.5 * v0 * v0 / a, 0.0) / left_s if left_s > 0.0 else 0.0
    b, c = a * duration_s + v0, 0.5 * v0 * v0 + a * distance
    root = math.sqrt(max(b * b - 4.0 * c, 0.0))
    return sign * 2.0 * c / (b + root) if b + root > 0.0 else 0.0


# ---- Yours: kinematics ---------------------------------------------------------------------------------------
# Vectors are tuples x, y, z; rotations unit quaternions x, y, z, w; a pose is a vector and a rotation.


def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def turn(q, v):
    """The vector `v` turned by `q`."""
    x, y, z, w = q
    tx, ty, tz = 2.0 * (y * v[2] - z * v[1]), 2.0 * (z * v[0] - x * v[2]), 2.0 * (x * v[1] - y * v[0])
    return (
        v[0] + w * tx + y * tz - z * ty,
        v[1] + w * ty + z * tx - x * tz,
        v[2] + w * tz + x * ty - y * tx,
    )


def times(a, b):
    """First `b`, then `a`."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def rotation_between(start, end):
    """The rotation vector, rad, that turns `start` into `end`."""
    x, y, z, w = times(end, (-start[0], -start[1], -start[2], start[3]))
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    sine = math.sqrt(x * x + y * y + z * z)
    scale = 2.0 if sine < 1e-9 else 2.0 * math.atan2(sine, w) / sine
    return (x * scale, y * scale, z * scale)


def length(v):
    return math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])


WEIGHT_M = 0.1  # a radian of error weighs as much as this length
POSITION_TOLERANCE_M, ORIENTATION_TOLERANCE_RAD = 1e-10, 1e-9
MAX_ITERATIONS, RESTARTS = 80, 48
AT_REST = 1e-12  # a search that promises to take off less than this part of its error has ended; saves Python time
# Even so, to refuse a goal that nothing reaches may take half a second; a scenario's `answer_within = "5 s"` allows it.


class Descent:
    """Where a search stands: joints, the error that remains (weighted: m), and how each joint would change it."""

    def __init__(self, kinematics, goal, q):
        (position, rotation), columns = kinematics.forward_with_jacobian(q)
        ex, ey, ez = (goal[0][i] - position[i] for i in range(3))
        turned = rotation_between(rotation, goal[1])
        rx, ry, rz = (WEIGHT_M * r for r in turned)
        self.q, self.error = q, (ex, ey, ez, rx, ry, rz)
        self.cost = ex * ex + ey * ey + ez * ez + rx * rx + ry * ry + rz * rz
        at_point = length((ex, ey, ez)) < POSITION_TOLERANCE_M
        self.has_arrived = at_point and length(turned) < ORIENTATION_TOLERANCE_RAD
        self.columns = [
            tuple(c[i] * s * (1.0 if i < 3 else WEIGHT_M) for i in range(6))
            for c, s in zip(columns, kinematics.scale)
        ]


class Kinematics:
    """A chain of frames from the base to the tip, each moved about or along its own z axis."""

    def __init__(self, settings):
        self.joints, self.chain, self.centre = settings["joints"], settings["chain"], settings["remote_centre"]
        # What one unit of a step is: a radian, or the length that weighs as much.
        self.scale = [1.0 if joint["kind"] == "revolute" else WEIGHT_M for joint in self.joints]
        self.turns_freely = [joint["kind"] == "revolute" for joint in self.joints]
        for frame in self.chain:
            for joint, factor in frame["joints"]:
                self.turns_freely[joint] &= frame["kind"] == "revolute" and abs(factor) == 1.0

    def frames(self, q):
        """The pose of each frame in the base."""
        position, rotation = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
        for frame in self.chain:
            px, py, pz = turn(rotation, frame["position_m"])
            position = (position[0] + px, position[1] + py, position[2] + pz)
            rotation = times(rotation, frame["rotation_xyzw"])
            value = 0.0
            for joint, factor in frame["joints"]:
                value += factor * q[joint]
            if frame["kind"] == "revolute":
                half = 0.5 * value
                rotation = times(rotation, (0.0, 0.0, math.sin(half), math.cos(half)))
            elif frame["kind"] == "prismatic":
                px, py, pz = turn(rotation, (0.0, 0.0, value))
                position = (position[0] + px, position[1] + py, position[2] + pz)
            yield position, rotation

    def forward(self, q):
        """The pose of the tip in the base."""
        for pose in self.frames(q):
            pass
        return pose

    def forward_with_jacobian(self, q):
        """The tip, and per joint its linear and angular velocity in the base's axes."""
        poses = list(self.frames(q))
        tip = poses[-1][0]
        columns = [[0.0] * 6 for _ in self.joints]
        for frame, (origin, rotation) in zip(self.chain, poses):
            if not frame["joints"]:
                continue
            z = turn(rotation, (0.0, 0.0, 1.0))
            if frame["kind"] == "revolute":
                lever = (tip[0] - origin[0], tip[1] - origin[1], tip[2] - origin[2])
                twist = cross(z, lever) + z
            else:
                twist = z + (0.0, 0.0, 0.0)
            for joint, factor in frame["joints"]:
                column = columns[joint]
                for i in range(6):
                    column[i] += factor * twist[i]
        return poses[-1], columns

    def inverse(self, goal, present, far):
        """Joint positions that bring the tip to a pose: Levenberg-Marquardt, projected on the joint limits. `far`:
        from other postures as well, where the present one does not lead there."""
        if self.centre is not None:
            away = [goal[0][i] - self.centre["point_in_base_m"][i] for i in range(3)]
            if length(away) < self.centre["minimum_distance_m"]:
                raise Refused(TOO_CLOSE)
        start = [min(max(q, j["lower"]), j["upper"]) for q, j in zip(present, self.joints)]
        restarts = RESTARTS if far else 0
        for seed in self.seeds(start, restarts):
            found = self.descend(goal, seed, True)
            if found.has_arrived:
                return self.unwind(found.q, start)
        # If it can be reached beyond the limits, a limit is in the way; otherwise nothing reaches it.
        for seed in self.seeds(start, restarts):
            found = self.descend(goal, seed, False)
            if found.has_arrived:
                q = self.unwind(found.q, start)
                if any(not j["lower"] <= value <= j["upper"] for value, j in zip(q, self.joints)):
                    raise Refused(JOINT_LIMIT)
                return q
        raise Refused(OUT_OF_REACH)

    def seeds(self, start, restarts):
        """The present posture, then others: even ones vary what stands beyond the first three joints, odd ones all."""
        yield start
        bases = (17, 13, 19, 2, 3, 5, 7, 11)
        for restart in range(restarts):
            q = start[:]
            for place in range(0 if restart % 2 else 3, len(q)):
                joint = self.joints[place]
                part = radical_inverse(restart // 2 + 1, bases[place])
                q[place] = joint["lower"] + part * (joint["upper"] - joint["lower"])
            yield q

    def unwind(self, q, near):
        """Turns every joint whose full turn changes nothing to the turn nearest to `near` that its limits allow."""
        q = q[:]
        for place, joint in enumerate(self.joints):
            if self.turns_freely[place]:
                turned = q[place] + math.floor((near[place] - q[place]) / math.tau + 0.5) * math.tau
                if turned > joint["upper"]:
                    turned -= math.ceil((turned - joint["upper"]) / math.tau) * math.tau
                elif turned < joint["lower"]:
                    turned += math.ceil((joint["lower"] - turned) / math.tau) * math.tau
                if joint["lower"] <= turned <= joint["upper"]:
                    q[place] = turned
        return q

    def descend(self, goal, q, bounded):
        here, damping, joints = Descent(self, goal, q), 1e-3, self.joints
        for _ in range(MAX_ITERATIONS):
            if here.has_arrived:
                break
            slope = [dot(column, here.error) for column in here.columns]
            free = []
            for j, joint in enumerate(joints):
                out_below = here.q[j] <= joint["lower"] and slope[j] < 0.0
                out_above = here.q[j] >= joint["upper"] and slope[j] > 0.0
                free.append(not (bounded and (out_below or out_above)))
            step = damped_step(here.columns, slope, free, damping)
            if step is None:
                break
            promised = sum(a * b for a, b in zip(slope, step))
            if damping < 1e-6 and promised < AT_REST * here.cost:
                break
            largest = max(abs(s) for s in step)
            shrink = min(1.0, 1.0 / largest) if largest > 0.0 else 1.0  # beyond a radian nothing is linear
            moved = [here.q[j] + step[j] * shrink * self.scale[j] for j in range(len(joints))]
            if bounded:
                moved = [min(max(m, j["lower"]), j["upper"]) for m, j in zip(moved, joints)]
            following = Descent(self, goal, moved)
            if following.cost < here.cost:
                here, damping = following, max(damping * 0.1, 1e-16)
            elif damping < 1e6:
                damping = max(damping * 10.0, 1e-9)
            else:
                break
        return here


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] + a[4] * b[4] + a[5] * b[5]


def damped_step(columns, slope, free, damping):
    """Solves (J'J + damping * mean diagonal) step = slope over the free joints by Cholesky's factorisation."""
    n = len(columns)
    trace = 0.0
    for j in range(n):
        trace += dot(columns[j], columns[j]) if free[j] else 0.0
    if trace <= 0.0:
        return None
    lower = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            both = free[i] and free[j]
            entry = dot(columns[i], columns[j]) if both else 0.0
            if i == j:
                entry = entry + damping * trace / n if both else 1.0
            for k in range(j):
                entry -= lower[i][k] * lower[j][k]
            if i != j:
                lower[i][j] = entry / lower[j][j]
            elif entry <= 0.0:
                return None
            else:
                lower[i][i] = math.sqrt(entry)
    step = [0.0] * n
    for i in range(n):
        value = slope[i] if free[i] else 0.0
        for k in range(i):
            value -= lower[i][k] * step[k]
        step[i] = value / lower[i][i]
    for i in reversed(range(n)):
        for k in range(i + 1, n):
            step[i] -= lower[k][i] * step[k]
        step[i] /= lower[i][i]
    return step


def radical_inverse(index, base):
    """The digits of `index`, mirrored at the point: Halton's way to fill (0, 1) evenly."""
    value, digit = 0.0, 1.0 / base
    while index > 0:
        value += digit * (index % base)
        index //= base
        digit /= base
    return value


def pose_of(values):
    """The pose of the seven numbers of a command."""
    norm = math.sqrt(sum(v * v for v in values[3:]))
    if abs(norm - 1.0) > 1e-3:
        raise Refused(INVALID_COMMAND)
    return tuple(values[:3]), tuple(v / norm for v in values[3:])


# ---- What is remembered --------------------------------------------------------------------------------------

STANDING, MOVING, BRAKING = range(3)
CHANNEL = "16dQQ41d"
WORDS = struct.Struct("<9Q" + 2 * CHANNEL)
AS_WORDS = struct.Struct("<%dQ" % (WORDS.size // 8))
FLAGS = ("operating_state", "is_homed", "is_homing", "homing_ends_ns", "has_own_fault", "retry_grace", "has_feedback",
         "refusal", "refusal_count")


class Channel:
    """The setpoint of the joints, or of the jaw (in the first place), and its way."""

    def __init__(self, numbers):
        lists = [list(numbers[at : at + PLACES]) for at in (0, 8, 19, 27, 35, 43, 51)]
        self.position, self.velocity, self.activity = lists[0], lists[1], numbers[16]
        self.way = Trajectory(numbers[17], lists[2], lists[3])
        self.way.duration_s, self.way.cruise, self.way.acceleration, self.way.goal = numbers[18], *lists[4:]

    def numbers(self):
        w = self.way
        lists = w.start + w.start_velocity + w.cruise + w.acceleration + w.goal
        return [*self.position, *self.velocity, self.activity, w.start_ns, w.duration_s, *lists]

    def stand(self, position):
        self.position[: len(position)] = position
        self.velocity, self.activity = ZEROS[:], STANDING

    def go(self, now_ns, goal, limits):
        self.way, self.activity = plan(now_ns, self.position, self.velocity, goal, limits), MOVING

    def brake(self, now_ns, limits):
        if self.activity != STANDING:
            self.way, self.activity = brake(now_ns, self.position, self.velocity, limits), BRAKING

    def advance(self, now_ns):
        if self.activity != STANDING:
            self.position, self.velocity, is_done = self.way.at(now_ns)
            if is_done:
                self.activity = STANDING


class Memory:
    """The words of state by name."""

    def __init__(self, words):
        numbers = WORDS.unpack(AS_WORDS.pack(*words[: AS_WORDS.size // 8]))
        for name, value in zip(FLAGS, numbers):
            setattr(self, name, value)
        size = (len(numbers) - len(FLAGS)) // 2
        self.joints = Channel(numbers[len(FLAGS) : len(FLAGS) + size])
        self.jaw = Channel(numbers[len(FLAGS) + size :])

    def words(self):
        flags = [getattr(self, name) for name in FLAGS]
        return AS_WORDS.unpack(WORDS.pack(*flags, *self.joints.numbers(), *self.jaw.numbers()))

    def is_powered(self):
        return self.operating_state in (ENABLED, PAUSED)

    def refuse(self, reason):
        self.refusal, self.refusal_count = reason, self.refusal_count + 1

    def accept(self):
        self.refusal = NO_REFUSAL


# ---- The slot: commands, homing, what is published -------------------------------------------------------------

HOMING_SETTLES_WITHIN_NS = 2_000_000_000
RETRY_GRACE = 10  # activations after a retry during which a trip from before it is disregarded


class Controller:
    """The motion interface of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable"."""

    def __init__(self, hello):
        must_be("arm", hello)
        self.kinematics = Kinematics(hello["settings"])
        self.joints, self.jaw = hello["settings"]["joints"], hello["settings"]["jaw"]
        self.axes = [joint["name"] for joint in self.joints + ([self.jaw] if self.jaw else [])]
        self.n = len(self.joints)

    def activate(self, io):
        """Takes commands, moves on, publishes."""
        memory = Memory(io.state)
        had_refused = memory.refusal_count
        measured = io.inputs["measured_js"]
        self.measured = list(measured.values[: self.n])
        self.is_valid = measured.valid
        if self.jaw:
            self.measured.append(io.inputs["jaw.measured_js"].values[0])
            self.is_valid = self.is_valid and io.inputs["jaw.measured_js"].valid
        memory.has_feedback |= self.is_valid
        # What moves stands where it should be now, before a command can change its way.
        memory.joints.advance(io.now_ns)
        memory.jaw.advance(io.now_ns)
        self.mind_the_supervisor(io, memory)
        if io.take("state_command"):
            self.take_state_command(io, memory)
        self.take_joint_commands(io, memory)
        if self.jaw:
            self.take_jaw_commands(io, memory)
        self.finish_homing(io, memory)
        if not memory.is_powered():
            if self.is_valid:
                self.follow(memory)
            else:
                memory.joints.stand(memory.joints.position)
                memory.jaw.stand(memory.jaw.position)
        words = memory.words()
        io.state[: len(words)] = words
        self.publish(io, memory, had_refused)

    def follow(self, memory):
        """Setpoints where the sensors say that the arm is."""
        memory.joints.stand(self.measured[: self.n])
        if self.jaw:
            memory.jaw.stand(self.measured[self.n :])

    def parameter(self, io, axis, field):
        """A parameter of an axis; None where the robot has none."""
        return io.parameters.get("arm.%s.%s" % (self.axes[axis], field))

    def full_limits(self, io, first):
        """Velocities and accelerations from an axis on."""
        limits = [1.0] * PLACES, [1.0] * PLACES
        for place in range(min(len(self.axes) - first, PLACES)):
            limits[0][place] = max(self.parameter(io, first + place, "velocity"), 1e-6)
            limits[1][place] = max(self.parameter(io, first + place, "acceleration"), 1e-6)
        return limits

    def limits(self, io, first, channel):
        """At the present speed; a motion that starts while the setpoint moves may brake with full acceleration."""
        full = self.full_limits(io, first)
        speed = min(max(io.parameters["arm.speed"], 1e-3), 1.0)
        is_at_rest = all(v == 0.0 for v in channel.velocity)
        return [v * speed for v in full[0]], [a * speed for a in full[1]] if is_at_rest else full[1]

    def mind_the_supervisor(self, io, memory):
        is_tripped = io.inputs["supervisor.trip"].values[0] != 0.0
        memory.retry_grace = max(memory.retry_grace - 1, 0) if is_tripped else 0
        if is_tripped and memory.retry_grace == 0:
            memory.is_homing, memory.operating_state = 0, FAULT
        elif memory.operating_state == FAULT and not is_tripped and not memory.has_own_fault:
            memory.operating_state = DISABLED

    def take_state_command(self, io, memory):
        before, command = memory.operating_state, io.inputs["state_command"].values[0]
        after = state_after(before, command)
        if after is None:
            return memory.refuse(INVALID_COMMAND)
        is_new_power = after in (ENABLED, PAUSED) and not memory.is_powered()
        if is_new_power and not self.is_valid:
            return memory.refuse(NO_FEEDBACK)
        memory.accept()
        if before == FAULT and after != before:
            memory.has_own_fault, memory.retry_grace = 0, RETRY_GRACE
        if is_new_power:
            self.follow(memory)
        memory.operating_state = after
        if command == HOME:
            self.start_homing(io, memory)
        elif command == UNHOME:
            memory.is_homed = 0
        if command in (PAUSE, UNHOME):
            memory.joints.brake(io.now_ns, self.full_limits(io, 0))
            memory.jaw.brake(io.now_ns, self.full_limits(io, self.n))
        if command in (PAUSE, UNHOME, DISABLE):
            memory.is_homing = 0

    def start_homing(self, io, memory):
        """Moves every joint that has a home there; the sensors of the others are absolute."""
        present = memory.joints.position[: self.n] + memory.jaw.position[:1]
        homes = [self.parameter(io, axis, "home") for axis in range(len(self.axes))] + [None]
        goal = [now if home is None else home for now, home in zip(present, homes)]
        joint_limits, jaw_limits = self.limits(io, 0, memory.joints), self.limits(io, self.n, memory.jaw)
        memory.joints.go(io.now_ns, goal[: self.n], joint_limits)
        memory.jaw.go(io.now_ns, goal[self.n :], jaw_limits)
        duration_s = max(memory.joints.way.duration_s, memory.jaw.way.duration_s)
        memory.homing_ends_ns = io.now_ns + int(duration_s * 1e9 + 0.5)
        memory.is_homed, memory.is_homing = 0, 1

    def finish_homing(self, io, memory):
        if not memory.is_homing or MOVING in (memory.joints.activity, memory.jaw.activity):
            return
        is_home = True
        for axis, measured in enumerate(self.measured):
            home = self.parameter(io, axis, "home")
            if home is not None:
                is_home = is_home and abs(measured - home) <= self.parameter(io, axis, "home_tolerance")
        if is_home and self.is_valid:
            memory.is_homed, memory.is_homing = 1, 0
        elif io.now_ns > memory.homing_ends_ns + HOMING_SETTLES_WITHIN_NS:
            memory.is_homing, memory.has_own_fault, memory.operating_state = 0, 1, FAULT
            memory.refuse(HOMING_FAILED)

    def take_joint_commands(self, io, memory):
        """A servo command at once, ending a move; otherwise the move that waits longest."""
        has_served = False
        for name in sorted(["servo_jp", "servo_cp"], key=lambda name: io.inputs[name].stamp_ns):
            if io.take(name):
                has_served = True
                self.obey(memory, lambda: memory.joints.stand(self.joint_goal(io, memory, name, False)))
        if has_served or memory.joints.activity == MOVING or memory.is_homing:
            return
        for name in sorted(["move_jp", "move_cp"], key=lambda name: io.inputs[name].stamp_ns):
            if io.take(name):
                limits = self.limits(io, 0, memory.joints)
                return self.obey(
                    memory, lambda: memory.joints.go(io.now_ns, self.joint_goal(io, memory, name, True), limits)
                )

    def obey(self, memory, do):
        """Carries a command out as a whole, or refuses it as a whole."""
        try:
            do()
            memory.accept()
        except Refused as refused:
            memory.refuse(refused.reason)

    def values_of(self, io, memory, name):
        """The values of a motion command, if the device may move and they may be used."""
        if memory.operating_state != ENABLED or not memory.is_homed or memory.is_homing:
            raise Refused(NOT_READY)
        if not io.inputs[name].valid:
            raise Refused(INVALID_COMMAND)
        return io.inputs[name].values

    def joint_goal(self, io, memory, name, far):
        values, present = self.values_of(io, memory, name), memory.joints.position[: self.n]
        goal = self.kinematics.inverse(pose_of(values), present, far) if name.endswith("cp") else values
        for axis, joint in enumerate(self.joints):
            check_goal(joint, goal[axis], present[axis], None if far else self.parameter(io, axis, "servo_jump"))
        return list(goal)

    def take_jaw_commands(self, io, memory):
        def goal(name, far):
            value, present = self.values_of(io, memory, name)[0], memory.jaw.position[0]
            check_goal(self.jaw, value, present, None if far else self.parameter(io, self.n, "servo_jump"))
            return [value]

        if io.take("jaw.servo_jp"):
            self.obey(memory, lambda: memory.jaw.stand(goal("jaw.servo_jp", False)))
        elif memory.jaw.activity != MOVING and not memory.is_homing and io.take("jaw.move_jp"):
            limits = self.limits(io, self.n, memory.jaw)
            self.obey(memory, lambda: memory.jaw.go(io.now_ns, goal("jaw.move_jp", True), limits))

    def publish(self, io, memory, had_refused):
        n, is_known = self.n, bool(memory.has_feedback)
        joints, jaw = memory.joints, memory.jaw
        io.write("setpoint_js", joints.position[:n] + joints.velocity[:n] + [0.0] * n, is_known)
        if self.jaw:
            io.write("jaw.setpoint_js", [jaw.position[0], jaw.velocity[0], 0.0], is_known)
        position, rotation = self.kinematics.forward(joints.position)
        io.write("setpoint_cp", position + rotation, is_known)
        measured = io.inputs["measured_js"]
        position, rotation = self.kinematics.forward(measured.values)
        io.write("measured_cp", position + rotation, measured.valid, measured.stamp_ns)
        is_busy = memory.is_homing or MOVING in (joints.activity, jaw.activity)
        io.write("operating_state", [float(memory.operating_state)])
        io.write("is_homed", [float(memory.is_homed)])
        io.write("is_busy", [float(bool(is_busy))])
        io.write("error", [float(memory.refusal)])
        if memory.refusal_count != had_refused:
            io.write("error_event", [float(memory.refusal_count)])


{PROTOCOL}
