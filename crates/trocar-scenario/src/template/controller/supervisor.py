#!/usr/bin/env python3
"""A safety supervisor for Trocar, in a program of your own: the checks of the built-in one, bit for bit.

    {TRY}

Python 3.8 or newer, nothing else. Change `judge`, run, compare the verdicts. Standard output and standard error are
yours: what is printed there is kept with the result. The program keeps nothing between two activations but the words
of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.
"""

import json
import os
import socket
import struct
import sys
import traceback


# ---- Yours: the checks ---------------------------------------------------------------------------------------

NONE, TRACKING_ERROR, WATCHDOG, POTENTIOMETER_MISMATCH = range(4)  # the values of supervisor.trip


def judge(is_powered, silent_s, watchdog_s, tracking, parting):
    """Why motor power is to be taken away now.

    is_powered: whether motor power is on. silent_s: for how long no fresh, valid feedback came, of watchdog_s at most.
    tracking: for each joint that can be judged how far it is from its setpoint and how far it may be, rad or m.
    parting: for each actuator with two sensors for how long they have disagreed and for how long they may, s.
    """
    if silent_s > watchdog_s:
        return WATCHDOG
    if is_powered and any(error > allowed for error, allowed in tracking):
        return TRACKING_ERROR
    if any(lasted_s > allowed_s for lasted_s, allowed_s in parting):
        return POTENTIOMETER_MISMATCH
    return NONE


# ---- The slot: which signals the checks read and write -------------------------------------------------------

POWERED, FAULT = (1.0, 2.0), 3.0  # operating_state: DISABLED, ENABLED, PAUSED, FAULT

# The words of state; behind them one for each actuator that is compared: for how long its sensors have disagreed, ns.
TRIP, FAULT_SEEN, HAS_STARTED, FEEDBACK_COUNT, FEEDBACK_STAMP, FEEDBACK_ARRIVED, FIRST_COMPARED = range(7)


class Controller:
    """The supervisor of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable"."""

    def __init__(self, hello):
        must_be("supervisor", hello)
        settings = hello["settings"]
        self.groups = [("measured_js", "setpoint_js", [joint["name"] for joint in settings["joints"]])]
        if settings["jaw"]:
            self.groups.append(("jaw.measured_js", "jaw.setpoint_js", [settings["jaw"]["name"]]))
        self.compared = settings["compared"]
        self.brakes = [actuator + ".brake.command" for actuator in settings["brakes"]]

    def activate(self, io):
        """Reads the inputs, judges, writes the outputs."""
        state = io.state
        if not state[HAS_STARTED]:
            state[HAS_STARTED], state[FEEDBACK_ARRIVED] = 1, io.now_ns
        feedback = io.inputs["measured_js"]
        if feedback.valid and (feedback.stamp_ns > state[FEEDBACK_STAMP] or state[FEEDBACK_COUNT] == 0):
            state[FEEDBACK_STAMP], state[FEEDBACK_ARRIVED] = feedback.stamp_ns, io.now_ns
            state[FEEDBACK_COUNT] += 1
        operating_state = io.inputs["operating_state"].values[0]
        is_powered = operating_state in POWERED
        parting = self.parting(io, is_powered)
        if state[TRIP] == NONE:
            silent_s = (io.now_ns - state[FEEDBACK_ARRIVED]) / 1e9
            watchdog_s = io.parameters["supervisor.watchdog"]
            state[TRIP] = judge(is_powered, silent_s, watchdog_s, self.tracking(io), parting)
        elif operating_state == FAULT:  # the arm has answered; the trip stays until a client retries
            state[FAULT_SEEN] = 1
        elif state[FAULT_SEEN]:
            state[TRIP], state[FAULT_SEEN] = NONE, 0
        io.write("supervisor.trip", [float(state[TRIP])])
        release = is_powered and state[TRIP] == NONE  # a brake engages without power
        for brake in self.brakes:
            io.write(brake, [float(release)])

    def tracking(self, io):
        """Joint states hold all positions first. What is not valid is not judged."""
        found = []
        for measured, setpoint, joints in self.groups:
            measured, setpoint = io.inputs[measured], io.inputs[setpoint]
            if measured.valid and setpoint.valid:
                for joint, want, have in zip(joints, setpoint.values, measured.values):
                    found.append((abs(want - have), io.parameters["supervisor.%s.tracking_error" % joint]))
        return found

    def parting(self, io, is_powered):
        """Encoder and potentiometer of an actuator. A reading that is not valid leaves the duration as it is."""
        found = []
        for word, actuator in enumerate(self.compared, FIRST_COMPARED):
            path = "supervisor.%s.potentiometer_" % actuator
            positions = io.inputs[actuator + ".measured_positions"]
            if not is_powered:
                io.state[word] = 0
            elif positions.valid:
                is_off = abs(positions.values[0] - positions.values[1]) > io.parameters[path + "tolerance"]
                io.state[word] = io.state[word] + io.elapsed_ns if is_off else 0
            found.append((io.state[word] / 1e9, io.parameters[path + "latency"]))
        return found


{PROTOCOL}
