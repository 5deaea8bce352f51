#!/usr/bin/env python3
"""A joint servo for Trocar, in a program of your own: the law of the built-in one, bit for bit.

    {TRY}

Python 3.8 or newer, nothing else. Change `effort`, run, compare the verdicts. Standard output and standard error are
yours: what is printed there is kept with the result. The program keeps nothing between two activations but the words
of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.
"""

import json
import os
import socket
import struct
import sys
import traceback


# ---- Yours: the law ----------------------------------------------------------------------------------------


def effort(p, d, set_position, set_velocity, position, velocity):
    """What a joint should exert, N m or N. Positions in rad or m, p in N m/rad or N/m, d in N m s/rad or N s/m."""
    return p * (set_position - position) + d * (set_velocity - velocity)


# ---- The slot: which signals the law reads and writes ------------------------------------------------------

POWERED = (1.0, 2.0)  # operating_state: DISABLED, ENABLED, PAUSED, FAULT


class Controller:
    """The servo of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable"."""

    def __init__(self, hello):
        must_be("servo", hello)
        settings = hello["settings"]
        self.joints = [joint["name"] for joint in settings["joints"]]
        self.jaw = settings["jaw"]["name"] if settings["jaw"] else None
        # Otherwise d brakes every motion, as in the dVRK where a client sends positions alone.
        self.use_setpoint_velocity = settings["use_setpoint_velocity"]
        drives = settings["drives"]
        self.commands = [drive["actuator"] + ".current_command" for drive in drives]
        self.limits_a = [drive["current_limit_a"] for drive in drives]
        # Power is equal on both sides of the coupling: its transpose takes joints' efforts to actuators'.
        rows = settings["joint_from_actuator"]
        self.ampere_per_effort = [
            [row[a] / drive["effort_per_ampere"] for row in rows] for a, drive in enumerate(drives)
        ]
        self.needed = ["measured_js", "setpoint_js"]
        if self.jaw is not None:
            self.needed += ["jaw.measured_js", "jaw.setpoint_js"]

    def activate(self, io):
        """Reads the inputs, computes, writes the outputs."""
        if io.inputs["operating_state"].values[0] not in POWERED:
            currents_a = [0.0] * len(self.commands)
        elif all(io.inputs[name].valid for name in self.needed):
            currents_a = self.law(io)
        else:  # without a measurement the last currents stand, until a supervisor takes motor power away
            currents_a = floats(io.state[: len(self.commands)])
        io.state[: len(currents_a)] = words(currents_a)
        for command, current_a in zip(self.commands, currents_a):
            io.write(command, [current_a])

    def law(self, io):
        efforts = self.efforts(io, self.joints, "measured_js", "setpoint_js")
        if self.jaw is not None:
            efforts += self.efforts(io, [self.jaw], "jaw.measured_js", "jaw.setpoint_js")
        currents_a = []
        for row, limit_a in zip(self.ampere_per_effort, self.limits_a):
            current_a = 0.0
            for ampere, tau in zip(row, efforts):  # no sum(): Python's rounds otherwise since 3.12
                current_a += ampere * tau
            currents_a.append(min(max(current_a, -limit_a), limit_a))
        return currents_a

    def efforts(self, io, joints, measured, setpoint):
        """A joint state holds all positions, then all velocities, then all efforts."""
        measured, setpoint, n = io.inputs[measured].values, io.inputs[setpoint].values, len(joints)
        efforts = []
        for i, joint in enumerate(joints):
            p, d = io.parameters["servo." + joint + ".p"], io.parameters["servo." + joint + ".d"]
            set_velocity = setpoint[n + i] if self.use_setpoint_velocity else 0.0
            efforts.append(effort(p, d, setpoint[i], set_velocity, measured[i], measured[n + i]))
        return efforts


{PROTOCOL}
