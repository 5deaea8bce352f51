// The motion interface of an arm for Trocar, in a program of your own: CRTK's commands and states, trajectories and
// inverse kinematics, as the built-in one has them.
//
//     {BUILD}
//     {TRY}
//
// C++17 and POSIX, nothing else. From top to bottom: the table of states, what is asked of a goal, trajectories,
// kinematics; then the protocol; last how commands are taken, homing, what is published. Standard output and standard
// error are yours: what is printed there is kept with the result. The program keeps nothing between two activations but
// the words of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// ---- Yours: the operating states ----------------------------------------------------------------------------

enum State : std::uint64_t { DISABLED, ENABLED, PAUSED, FAULT };        // the values of operating_state
enum Command { ENABLE, DISABLE, PAUSE, RESUME, HOME, UNHOME, NONE };    // the values of state_command
enum Refusal : std::uint64_t {                                          // the values of error
    NO_REFUSAL, INVALID_COMMAND, NOT_READY, NO_FEEDBACK, JOINT_LIMIT, JUMP, OUT_OF_REACH, TOO_CLOSE, HOMING_FAILED
};

/// Where a command leads by CRTK's table; nothing if it is invalid in this state.
std::optional<State> state_after(State state, Command command) {
    // From FAULT an attempt: a fault that persists brings the device back.
    if (command == ENABLE && state != PAUSED) return ENABLED;
    if (command == DISABLE) return DISABLED;
    if (command == PAUSE && (state == ENABLED || state == PAUSED)) return PAUSED;
    if (command == RESUME && state == PAUSED) return ENABLED;
    if (command == HOME && state == ENABLED) return ENABLED;
    if (command == UNHOME) return state;
    return std::nullopt;
}

struct Joint {
    std::string name;
    bool turns = true;
    double lower = 0.0, upper = 0.0;

    bool allows(double q) const { return lower <= q && q <= upper; }
    double nearest(double q) const { return std::min(std::max(q, lower), upper); }
};

/// Refuses a goal beyond a joint's limits, or, of a servo command, a jump greater than `jump`.
void check_goal(const Joint& joint, double goal, double present, std::optional<double> jump) {
    if (!joint.allows(goal)) throw JOINT_LIMIT;
    if (jump && std::abs(goal - present) > *jump) throw JUMP;
}

// ---- Yours: trajectories ------------------------------------------------------------------------------------
// Each joint goes to its cruise velocity at its acceleration, cruises, and comes to rest at the goal. The slowest joint
// sets the duration; the others cruise slower, so that all arrive together.

constexpr std::size_t PLACES = 8;
using PerJoint = std::array<double, PLACES>;

struct Limits { PerJoint velocity, acceleration; };

/// Mirrors the problem, if need be, so that the goal lies beyond the point where braking at once would end.
std::pair<double, double> mirrored(double distance, double v0, double a) {
    const bool is_behind = distance < 0.5 * v0 * std::abs(v0) / a;
    return is_behind ? std::make_pair(-distance, -v0) : std::make_pair(distance, v0);
}

/// The shortest time in which a joint covers `distance` from velocity `v0` and comes to rest, s.
double shortest(double distance, double v0, double limit, double a) {
    std::tie(distance, v0) = mirrored(distance, v0, a);
    const double peak = std::sqrt(a * distance + 0.5 * v0 * v0);
    if (distance - 0.5 * v0 * std::abs(v0) / a <= 0.0) return std::abs(v0) / a;
    if (peak <= limit) return (2.0 * peak - v0) / a;
    if (v0 <= limit) {
        const double covered = (2.0 * limit * limit - v0 * v0) / (2.0 * a);
        return (2.0 * limit - v0) / a + (distance - covered) / limit;
    }
    return v0 / a + (distance - 0.5 * v0 * v0 / a) / limit;
}

/// The cruise velocity with which a joint covers `distance` from `v0` in exactly `duration_s` and comes to rest.
double cruise_velocity(double distance, double v0, double a, double duration_s) {
    const double sign = distance < 0.5 * v0 * std::abs(v0) / a ? -1.0 : 1.0;
    std::tie(distance, v0) = mirrored(distance, v0, a);
    if (v0 > 0.0 && distance <= 0.5 * v0 * v0 / a + v0 * (duration_s - v0 / a)) {  // slower than at the start
        const double left_s = duration_s - v0 / a;
        return left_s > 0.0 ? sign * std::max(distance - 0.5 * v0 * v0 / a, 0.0) / left_s : 0.0;
    }
    const double b = a * duration_s + v0, c = 0.5 * v0 * v0 + a * distance;
    const double root = std::sqrt(std::max(b * b - 4.0 * c, 0.0));
    return b + root > 0.0 ? sign * 2.0 * c / (b + root) : 0.0;
}

/// A way through joint space, from its start to rest at its goal. Lies in the words of state.
struct Trajectory {
    std::uint64_t start_ns;
    double duration_s;
    PerJoint start, start_velocity, cruise, acceleration, goal;

    static Trajectory standing(std::uint64_t now_ns, const PerJoint& position, const PerJoint& velocity) {
        return {now_ns, 0.0, position, velocity, {}, {}, position};
    }

    /// The fastest one to rest at `goal`.
    static Trajectory plan(std::uint64_t now_ns, const PerJoint& position, const PerJoint& velocity,
                           const std::vector<double>& goal, const Limits& limits) {
        Trajectory made = standing(now_ns, position, velocity);
        std::copy(goal.begin(), goal.end(), made.goal.begin());
        std::size_t slowest = 0;
        for (std::size_t j = 0; j < goal.size(); j++) {
            const double least_s =
                shortest(made.goal[j] - position[j], velocity[j], limits.velocity[j], limits.acceleration[j]);
            if (least_s > made.duration_s) made.duration_s = least_s, slowest = j;
        }
        if (made.make_straight(slowest, limits)) return made;
        made.cruise = {};
        made.acceleration = limits.acceleration;
        for (std::size_t j = 0; j < goal.size(); j++)
            made.cruise[j] =
                cruise_velocity(made.goal[j] - position[j], velocity[j], limits.acceleration[j], made.duration_s);
        return made;
    }

    /// Brings all joints to rest together, each on its way.
    static Trajectory brake(std::uint64_t now_ns, const PerJoint& position, const PerJoint& velocity,
                            const Limits& limits) {
        Trajectory made = standing(now_ns, position, velocity);
        for (std::size_t j = 0; j < PLACES; j++)
            made.duration_s = std::max(made.duration_s, std::abs(velocity[j]) / limits.acceleration[j]);
        for (std::size_t j = 0; j < PLACES && made.duration_s > 0.0; j++) {
            made.acceleration[j] = std::abs(velocity[j]) / made.duration_s;
            made.goal[j] = position[j] + 0.5 * velocity[j] * made.duration_s;
        }
        return made;
    }

    /// Where it is; whether it has ended. The last phase counts from the goal, to end there exactly.
    bool at(std::uint64_t now_ns, PerJoint& position, PerJoint& velocity) const {
        const double t = now_ns > start_ns ? static_cast<double>(now_ns - start_ns) / 1e9 : 0.0;
        const double left = duration_s - t;
        if (left <= 0.0) {
            position = goal, velocity = {};
            return true;
        }
        for (std::size_t j = 0; j < PLACES; j++) {
            const double v0 = start_velocity[j], a = acceleration[j], v = cruise[j];
            const double first_s = a > 0.0 ? std::abs(v - v0) / a : 0.0, last_s = a > 0.0 ? std::abs(v) / a : 0.0;
            if (left < last_s) {
                const double back = v < 0.0 ? -a : a;
                position[j] = goal[j] - 0.5 * back * left * left, velocity[j] = back * left;
            } else if (t < first_s) {
                const double towards = v < v0 ? -a : a;
                position[j] = start[j] + (v0 + 0.5 * towards * t) * t, velocity[j] = v0 + towards * t;
            } else {
                position[j] = start[j] + 0.5 * (v0 + v) * first_s + v * (t - first_s), velocity[j] = v;
            }
        }
        return false;
    }

private:
    /// From rest: every joint follows the profile of the slowest, scaled to its own distance, where limits allow it.
    bool make_straight(std::size_t slowest, const Limits& limits) {
        const double reference = goal[slowest] - start[slowest];
        if (reference == 0.0) return false;
        for (const double moving : start_velocity)
            if (moving != 0.0) return false;
        const double v = cruise_velocity(reference, 0.0, limits.acceleration[slowest], duration_s);
        for (std::size_t j = 0; j < PLACES; j++) {
            const double ratio = (goal[j] - start[j]) / reference;
            cruise[j] = v * ratio, acceleration[j] = limits.acceleration[slowest] * std::abs(ratio);
            const bool is_too_fast = acceleration[j] > limits.acceleration[j] * (1.0 + 1e-12) ||
                                     std::abs(cruise[j]) > limits.velocity[j] * (1.0 + 1e-12);
            if (ratio != 0.0 && is_too_fast) return false;
        }
        return true;
    }
};

// ---- Yours: kinematics --------------------------------------------------------------------------------------

struct Vector {
    double x = 0.0, y = 0.0, z = 0.0;
    Vector operator+(const Vector& b) const { return {x + b.x, y + b.y, z + b.z}; }
    Vector operator-(const Vector& b) const { return {x - b.x, y - b.y, z - b.z}; }
    Vector operator*(double s) const { return {x * s, y * s, z * s}; }
    double length() const { return std::sqrt(x * x + y * y + z * z); }
};

Vector cross(const Vector& a, const Vector& b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/// A unit quaternion.
struct Rotation {
    double x = 0.0, y = 0.0, z = 0.0, w = 1.0;

    static Rotation about_z(double angle) { return {0.0, 0.0, std::sin(0.5 * angle), std::cos(0.5 * angle)}; }
    Rotation inverse() const { return {-x, -y, -z, w}; }
    Rotation operator*(const Rotation& b) const {
        return {w * b.x + x * b.w + y * b.z - z * b.y, w * b.y - x * b.z + y * b.w + z * b.x,
                w * b.z + x * b.y - y * b.x + z * b.w, w * b.w - x * b.x - y * b.y - z * b.z};
    }
    Vector operator*(const Vector& v) const {
        const Vector axis{x, y, z}, t = cross(axis, v) * 2.0;
        return v + t * w + cross(axis, t);
    }
};

/// The rotation vector, rad, that turns `start` into `end`.
Vector rotation_between(const Rotation& start, const Rotation& end) {
    Rotation turn = end * start.inverse();
    if (turn.w < 0.0) turn = {-turn.x, -turn.y, -turn.z, -turn.w};
    const Vector axis{turn.x, turn.y, turn.z};
    const double sine = axis.length();
    return axis * (sine < 1e-9 ? 2.0 : 2.0 * std::atan2(sine, turn.w) / sine);
}

struct Pose {
    Vector position;
    Rotation rotation;
    std::vector<double> values() const {
        return {position.x, position.y, position.z, rotation.x, rotation.y, rotation.z, rotation.w};
    }
};

/// One frame of the chain from base to tip: moved about or along its own z axis by a sum of joints.
struct Frame {
    Pose placement;
    bool turns = true;
    std::vector<std::pair<std::size_t, double>> joints;
};

constexpr double WEIGHT_M = 0.1;  // a radian of error weighs as much as this length
constexpr double POSITION_TOLERANCE_M = 1e-10, ORIENTATION_TOLERANCE_RAD = 1e-9;
constexpr int MAX_ITERATIONS = 80, RESTARTS = 48;

using Six = std::array<double, 6>;

double dot(const Six& a, const Six& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < 6; i++) sum += a[i] * b[i];
    return sum;
}

/// Solves (J'J + damping * mean diagonal) step = slope over the free joints by Cholesky's factorisation.
bool damped_step(const std::array<Six, PLACES>& columns, std::size_t n, const PerJoint& slope,
                 const std::array<bool, PLACES>& is_free, double damping, PerJoint& step) {
    double trace = 0.0;
    for (std::size_t j = 0; j < n; j++) trace += is_free[j] ? dot(columns[j], columns[j]) : 0.0;
    if (trace <= 0.0) return false;
    std::array<PerJoint, PLACES> lower{};
    for (std::size_t i = 0; i < n; i++) {
        for (std::size_t j = 0; j <= i; j++) {
            const bool both = is_free[i] && is_free[j];
            double entry = both ? dot(columns[i], columns[j]) : 0.0;
            if (i == j) entry = both ? entry + damping * trace / static_cast<double>(n) : 1.0;
            for (std::size_t k = 0; k < j; k++) entry -= lower[i][k] * lower[j][k];
            if (i == j && entry <= 0.0) return false;
            lower[i][j] = i == j ? std::sqrt(entry) : entry / lower[j][j];
        }
    }
    for (std::size_t i = 0; i < n; i++) {
        step[i] = is_free[i] ? slope[i] : 0.0;
        for (std::size_t k = 0; k < i; k++) step[i] -= lower[i][k] * step[k];
        step[i] /= lower[i][i];
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; k++) step[i] -= lower[k][i] * step[k];
        step[i] /= lower[i][i];
    }
    return true;
}

/// The digits of `index`, mirrored at the point: Halton's way to fill (0, 1) evenly.
double radical_inverse(unsigned index, unsigned base) {
    double value = 0.0, digit = 1.0 / base;
    for (; index > 0; index /= base, digit /= base) value += digit * (index % base);
    return value;
}

class Kinematics {
public:
    std::vector<Joint> joints;
    std::vector<Frame> chain;
    std::optional<std::pair<Vector, double>> remote_centre;  // where it is, and how near a goal may be

    /// The pose of the tip in the base. With `columns`: per joint its linear and angular velocity there.
    Pose forward(const PerJoint& q, std::array<Six, PLACES>* columns = nullptr) const {
        std::vector<Pose> poses;
        Pose pose;
        for (const Frame& frame : chain) {
            pose.position = pose.position + pose.rotation * frame.placement.position;
            pose.rotation = pose.rotation * frame.placement.rotation;
            double value = 0.0;
            for (const auto& [joint, factor] : frame.joints) value += factor * q[joint];
            if (!frame.joints.empty() && frame.turns) pose.rotation = pose.rotation * Rotation::about_z(value);
            if (!frame.joints.empty() && !frame.turns)
                pose.position = pose.position + pose.rotation * Vector{0.0, 0.0, value};
            if (columns != nullptr) poses.push_back(pose);
        }
        if (columns == nullptr) return pose;
        *columns = {};
        for (std::size_t f = 0; f < chain.size(); f++) {
            const Vector z = poses[f].rotation * Vector{0.0, 0.0, 1.0};
            const Vector v = chain[f].turns ? cross(z, pose.position - poses[f].position) : z;
            const Vector w = chain[f].turns ? z : Vector{};
            const Six twist{v.x, v.y, v.z, w.x, w.y, w.z};
            for (const auto& [joint, factor] : chain[f].joints)
                for (std::size_t i = 0; i < 6; i++) (*columns)[joint][i] += factor * twist[i];
        }
        return pose;
    }

    /// Joint positions that bring the tip to a pose: Levenberg-Marquardt, projected on the joint limits. `far`: from
    /// other postures as well, where the present one does not lead there.
    PerJoint inverse(const Pose& goal, const PerJoint& present, bool far) const {
        if (remote_centre && (goal.position - remote_centre->first).length() < remote_centre->second) throw TOO_CLOSE;
        PerJoint start{};
        for (std::size_t j = 0; j < joints.size(); j++) start[j] = joints[j].nearest(present[j]);
        const int seeds = far ? RESTARTS + 1 : 1;
        for (int seed = 0; seed < seeds; seed++) {
            const Descent found = descend(goal, posture(start, seed), true);
            if (found.has_arrived) return unwind(found.q, start);
        }
        // If it can be reached beyond the limits, a limit is in the way; otherwise nothing reaches it.
        for (int seed = 0; seed < seeds; seed++) {
            const Descent found = descend(goal, posture(start, seed), false);
            if (!found.has_arrived) continue;
            const PerJoint q = unwind(found.q, start);
            for (std::size_t j = 0; j < joints.size(); j++)
                if (!joints[j].allows(q[j])) throw JOINT_LIMIT;
            return q;
        }
        throw OUT_OF_REACH;
    }

private:
    /// Where a search stands: joints, the error that remains (weighted: m), how each joint would change it.
    struct Descent {
        PerJoint q;
        Six error;
        double cost;
        bool has_arrived;
        std::array<Six, PLACES> columns;
    };

    double scale(std::size_t j) const { return joints[j].turns ? 1.0 : WEIGHT_M; }

    Descent look(const Pose& goal, const PerJoint& q) const {
        Descent here{};
        here.q = q;
        const Pose tip = forward(q, &here.columns);
        const Vector away = goal.position - tip.position, turned = rotation_between(tip.rotation, goal.rotation);
        const Vector weighted = turned * WEIGHT_M;
        here.error = {away.x, away.y, away.z, weighted.x, weighted.y, weighted.z};
        here.cost = dot(here.error, here.error);
        here.has_arrived = away.length() < POSITION_TOLERANCE_M && turned.length() < ORIENTATION_TOLERANCE_RAD;
        for (std::size_t j = 0; j < joints.size(); j++)
            for (std::size_t i = 0; i < 6; i++) here.columns[j][i] *= scale(j) * (i < 3 ? 1.0 : WEIGHT_M);
        return here;
    }

    Descent descend(const Pose& goal, const PerJoint& from, bool bounded) const {
        const std::size_t n = joints.size();
        Descent here = look(goal, from);
        double damping = 1e-3;
        for (int i = 0; i < MAX_ITERATIONS && !here.has_arrived; i++) {
            PerJoint slope{}, step{}, moved{};
            std::array<bool, PLACES> is_free{};
            for (std::size_t j = 0; j < n; j++) {
                slope[j] = dot(here.columns[j], here.error);
                const bool pushes_out = (here.q[j] <= joints[j].lower && slope[j] < 0.0) ||
                                        (here.q[j] >= joints[j].upper && slope[j] > 0.0);
                is_free[j] = !(bounded && pushes_out);
            }
            if (!damped_step(here.columns, n, slope, is_free, damping, step)) break;
            double largest = 0.0;
            for (const double s : step) largest = std::max(largest, std::abs(s));
            const double shrink = largest > 1.0 ? 1.0 / largest : 1.0;  // beyond a radian nothing is linear
            for (std::size_t j = 0; j < n; j++) {
                moved[j] = here.q[j] + step[j] * shrink * scale(j);
                if (bounded) moved[j] = joints[j].nearest(moved[j]);
            }
            const Descent next = look(goal, moved);
            if (next.cost < here.cost) {
                here = next, damping = std::max(damping * 0.1, 1e-16);
            } else if (damping < 1e6) {
                damping = std::max(damping * 10.0, 1e-9);
            } else {
                break;
            }
        }
        return here;
    }

    /// The present posture, then others: even ones vary what stands beyond the first three joints, odd ones all.
    PerJoint posture(const PerJoint& start, int seed) const {
        static const unsigned bases[PLACES] = {17, 13, 19, 2, 3, 5, 7, 11};
        PerJoint q = start;
        const auto restart = static_cast<unsigned>(seed - 1);
        for (std::size_t j = restart % 2 == 0 ? 3 : 0; seed > 0 && j < joints.size(); j++)
            q[j] = joints[j].lower +
                   radical_inverse(restart / 2 + 1, bases[j]) * (joints[j].upper - joints[j].lower);
        return q;
    }

    /// Turns every joint whose full turn changes nothing to the turn nearest to `near` that its limits allow.
    PerJoint unwind(PerJoint q, const PerJoint& near) const {
        const double full = 2.0 * 3.14159265358979323846;
        for (std::size_t j = 0; j < joints.size(); j++) {
            bool turns_freely = joints[j].turns;
            for (const Frame& frame : chain)
                for (const auto& [joint, factor] : frame.joints)
                    if (joint == j) turns_freely = turns_freely && frame.turns && std::abs(factor) == 1.0;
            if (!turns_freely) continue;
            double turned = q[j] + std::round((near[j] - q[j]) / full) * full;
            if (turned > joints[j].upper) {
                turned -= std::ceil((turned - joints[j].upper) / full) * full;
            } else if (turned < joints[j].lower) {
                turned += std::ceil((joints[j].lower - turned) / full) * full;
            }
            if (joints[j].allows(turned)) q[j] = turned;
        }
        return q;
    }
};

{PROTOCOL}
// ---- What is remembered -------------------------------------------------------------------------------------

/// The setpoint of the joints, or of the jaw (in the first place), and its way.
struct Channel {
    enum Activity : std::uint64_t { STANDING, MOVING, BRAKING };
    PerJoint position, velocity;
    Activity activity;
    Trajectory way;

    void stand(const std::vector<double>& at) {
        std::copy(at.begin(), at.end(), position.begin());
        velocity = {}, activity = STANDING;
    }
    void go(std::uint64_t now_ns, const std::vector<double>& goal, const Limits& limits) {
        way = Trajectory::plan(now_ns, position, velocity, goal, limits), activity = MOVING;
    }
    void brake(std::uint64_t now_ns, const Limits& limits) {
        if (activity == STANDING) return;
        way = Trajectory::brake(now_ns, position, velocity, limits), activity = BRAKING;
    }
    void advance(std::uint64_t now_ns) {
        if (activity != STANDING && way.at(now_ns, position, velocity)) activity = STANDING;
    }
};

/// The words of state by name.
struct Memory {
    State operating_state;
    std::uint64_t is_homed, is_homing, homing_ends_ns, has_own_fault, retry_grace, has_feedback;
    Refusal refusal;
    std::uint64_t refusal_count;
    Channel joints, jaw;

    bool is_powered() const { return operating_state == ENABLED || operating_state == PAUSED; }
    bool is_moving() const { return joints.activity == Channel::MOVING || jaw.activity == Channel::MOVING; }
    void refuse(Refusal reason) { refusal = reason, refusal_count++; }
};
static_assert(sizeof(Memory) == 127 * 8, "the words of the built-in controller");

// ---- The slot: commands, homing, what is published ----------------------------------------------------------

constexpr std::uint64_t HOMING_SETTLES_WITHIN_NS = 2'000'000'000;
constexpr std::uint64_t RETRY_GRACE = 10;  // activations after a retry during which an older trip is disregarded

/// The motion interface of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable".
class Controller {
public:
    explicit Controller(const Hello& hello) {
        hello.must_be("arm");
        speed_ = hello.parameter("arm.speed"), trip_ = hello.input("supervisor.trip");
        const Json& settings = hello.json["settings"];
        for (const Json& joint : settings["joints"].list) kinematics_.joints.push_back(joint_of(joint));
        n_ = kinematics_.joints.size();
        axes_ = kinematics_.joints;
        has_jaw_ = !settings["jaw"].is_null();
        if (has_jaw_) axes_.push_back(joint_of(settings["jaw"]));
        for (const Json& frame : settings["chain"].list) {
            const std::vector<Json>&at = frame["position_m"].list, &turned = frame["rotation_xyzw"].list;
            Frame made;
            made.placement = {{at[0].number, at[1].number, at[2].number},
                              {turned[0].number, turned[1].number, turned[2].number, turned[3].number}};
            made.turns = frame["kind"].text != "prismatic";
            for (const Json& term : frame["joints"].list)
                made.joints.emplace_back(static_cast<std::size_t>(term.list[0].number), term.list[1].number);
            kinematics_.chain.push_back(made);
        }
        const Json& centre = settings["remote_centre"];
        if (!centre.is_null()) {
            const std::vector<Json>& at = centre["point_in_base_m"].list;
            kinematics_.remote_centre = {{at[0].number, at[1].number, at[2].number},
                                         centre["minimum_distance_m"].number};
        }
        for (const Joint& axis : axes_) {
            const auto port = [&](const char* field) {
                const std::string name = "arm." + axis.name + "." + field;
                return hello.has("parameters", name) ? std::optional(hello.parameter(name)) : std::nullopt;
            };
            ports_.push_back({port("velocity").value(), port("acceleration").value(), port("home"),
                              port("home_tolerance"), port("servo_jump")});
        }
        state_command_ = hello.input("state_command");
        servo_jp_ = hello.input("servo_jp"), servo_cp_ = hello.input("servo_cp");
        move_jp_ = hello.input("move_jp"), move_cp_ = hello.input("move_cp");
        measured_ = hello.input("measured_js"), setpoint_js_ = hello.output("setpoint_js");
        if (has_jaw_) {
            jaw_measured_ = hello.input("jaw.measured_js"), jaw_setpoint_js_ = hello.output("jaw.setpoint_js");
            jaw_servo_jp_ = hello.input("jaw.servo_jp"), jaw_move_jp_ = hello.input("jaw.move_jp");
        }
        setpoint_cp_ = hello.output("setpoint_cp"), measured_cp_ = hello.output("measured_cp");
        operating_state_ = hello.output("operating_state"), is_homed_ = hello.output("is_homed");
        is_busy_ = hello.output("is_busy"), error_ = hello.output("error");
        error_event_ = hello.output("error_event");
    }

    /// Takes commands, moves on, publishes.
    void activate(Activation& io) {
        if (io.state.size() * 8 < sizeof(Memory)) throw std::runtime_error("too few words of state");
        Memory memory;
        std::memcpy(&memory, io.state.data(), sizeof memory);
        const std::uint64_t had_refused = memory.refusal_count;
        const std::vector<double>& joints = io.inputs[measured_].values;
        feedback_.assign(joints.begin(), joints.begin() + static_cast<std::ptrdiff_t>(n_));
        is_valid_ = io.inputs[measured_].valid;
        if (has_jaw_) {
            feedback_.push_back(io.inputs[jaw_measured_].values[0]);
            is_valid_ = is_valid_ && io.inputs[jaw_measured_].valid;
        }
        memory.has_feedback |= is_valid_ ? 1 : 0;
        // What moves stands where it should be now, before a command can change its way.
        memory.joints.advance(io.now_ns);
        memory.jaw.advance(io.now_ns);
        mind_the_supervisor(io, memory);
        if (io.take(state_command_)) take_state_command(io, memory);
        take_joint_commands(io, memory);
        if (has_jaw_) take_jaw_commands(io, memory);
        finish_homing(io, memory);
        if (!memory.is_powered()) {
            if (is_valid_) {
                follow(memory);
            } else {
                memory.joints.stand({});
                memory.jaw.stand({});
            }
        }
        std::memcpy(io.state.data(), &memory, sizeof memory);
        publish(io, memory, had_refused);
    }

private:
    /// The parameters of an axis.
    struct AxisPorts {
        std::size_t velocity, acceleration;
        std::optional<std::size_t> home, home_tolerance, servo_jump;
    };

    static Joint joint_of(const Json& joint) {
        return {joint["name"].text, joint["kind"].text == "revolute", joint["lower"].number, joint["upper"].number};
    }

    /// Setpoints where the sensors say that the arm is.
    void follow(Memory& memory) const {
        const auto jaw = feedback_.begin() + static_cast<std::ptrdiff_t>(n_);
        memory.joints.stand({feedback_.begin(), jaw});
        memory.jaw.stand({jaw, feedback_.end()});
    }

    Limits full_limits(const Activation& io, std::size_t first) const {
        Limits limits;
        limits.velocity.fill(1.0), limits.acceleration.fill(1.0);
        for (std::size_t place = 0; place < PLACES && first + place < ports_.size(); place++) {
            limits.velocity[place] = std::max(io.parameters[ports_[first + place].velocity], 1e-6);
            limits.acceleration[place] = std::max(io.parameters[ports_[first + place].acceleration], 1e-6);
        }
        return limits;
    }

    /// At the present speed; a motion that starts while the setpoint moves may brake with full acceleration.
    Limits limits(const Activation& io, std::size_t first, const Channel& channel) const {
        Limits limits = full_limits(io, first);
        const double speed = std::min(std::max(io.parameters[speed_], 1e-3), 1.0);
        const PerJoint& v = channel.velocity;
        const bool is_at_rest = std::all_of(v.begin(), v.end(), [](double each) { return each == 0.0; });
        for (double& each : limits.velocity) each *= speed;
        for (double& each : limits.acceleration) each *= is_at_rest ? speed : 1.0;
        return limits;
    }

    void mind_the_supervisor(const Activation& io, Memory& memory) const {
        const bool is_tripped = io.inputs[trip_].values[0] != 0.0;
        memory.retry_grace = is_tripped && memory.retry_grace > 0 ? memory.retry_grace - 1 : 0;
        if (is_tripped && memory.retry_grace == 0) {
            memory.is_homing = 0, memory.operating_state = FAULT;
        } else if (memory.operating_state == FAULT && !is_tripped && memory.has_own_fault == 0) {
            memory.operating_state = DISABLED;
        }
    }

    void take_state_command(const Activation& io, Memory& memory) const {
        const double value = io.inputs[state_command_].values[0];
        const Command command = value >= 0.0 && value < NONE ? static_cast<Command>(value) : NONE;
        const State before = memory.operating_state;
        const std::optional<State> after = state_after(before, command);
        if (!after || static_cast<double>(command) != value) return memory.refuse(INVALID_COMMAND);
        const bool is_new_power = (*after == ENABLED || *after == PAUSED) && !memory.is_powered();
        if (is_new_power && !is_valid_) return memory.refuse(NO_FEEDBACK);
        memory.refusal = NO_REFUSAL;
        if (before == FAULT && *after != before) memory.has_own_fault = 0, memory.retry_grace = RETRY_GRACE;
        if (is_new_power) follow(memory);
        memory.operating_state = *after;
        if (command == HOME) start_homing(io, memory);
        if (command == UNHOME) memory.is_homed = 0;
        if (command == PAUSE || command == UNHOME) {
            memory.joints.brake(io.now_ns, full_limits(io, 0));
            memory.jaw.brake(io.now_ns, full_limits(io, n_));
        }
        if (command == PAUSE || command == UNHOME || command == DISABLE) memory.is_homing = 0;
    }

    /// Moves every joint that has a home there; the sensors of the others are absolute.
    void start_homing(const Activation& io, Memory& memory) const {
        std::vector<double> goal, jaw_goal;
        for (std::size_t axis = 0; axis < ports_.size(); axis++) {
            const double present = axis < n_ ? memory.joints.position[axis] : memory.jaw.position[0];
            (axis < n_ ? goal : jaw_goal).push_back(ports_[axis].home ? io.parameters[*ports_[axis].home] : present);
        }
        const Limits joint_limits = limits(io, 0, memory.joints), jaw_limits = limits(io, n_, memory.jaw);
        memory.joints.go(io.now_ns, goal, joint_limits);
        memory.jaw.go(io.now_ns, jaw_goal, jaw_limits);
        const double duration_s = std::max(memory.joints.way.duration_s, memory.jaw.way.duration_s);
        memory.homing_ends_ns = io.now_ns + static_cast<std::uint64_t>(std::round(duration_s * 1e9));
        memory.is_homed = 0, memory.is_homing = 1;
    }

    void finish_homing(const Activation& io, Memory& memory) const {
        if (memory.is_homing == 0 || memory.is_moving()) return;
        bool is_home = is_valid_;
        for (std::size_t axis = 0; axis < ports_.size(); axis++)
            if (const auto& home = ports_[axis].home)
                is_home = is_home && std::abs(feedback_[axis] - io.parameters[*home]) <=
                                         io.parameters[ports_[axis].home_tolerance.value()];
        if (is_home) {
            memory.is_homed = 1, memory.is_homing = 0;
        } else if (io.now_ns > memory.homing_ends_ns + HOMING_SETTLES_WITHIN_NS) {
            memory.is_homing = 0, memory.has_own_fault = 1, memory.operating_state = FAULT;
            memory.refuse(HOMING_FAILED);
        }
    }

    /// Carries a command out as a whole, or refuses it as a whole.
    template <typename Do>
    static void obey(Memory& memory, Do act) {
        try {
            act();
            memory.refusal = NO_REFUSAL;
        } catch (const Refusal reason) {
            memory.refuse(reason);
        }
    }

    /// Two commands, the one that was stamped first first.
    static std::array<std::size_t, 2> by_stamp(const Activation& io, std::size_t a, std::size_t b) {
        if (io.inputs[b].stamp_ns < io.inputs[a].stamp_ns) std::swap(a, b);
        return {a, b};
    }

    /// A servo command at once, ending a move; otherwise the move that waits longest.
    void take_joint_commands(Activation& io, Memory& memory) const {
        bool has_served = false;
        for (const std::size_t command : by_stamp(io, servo_jp_, servo_cp_)) {
            if (!io.take(command)) continue;
            has_served = true;
            obey(memory, [&] { memory.joints.stand(joint_goal(io, memory, command, false)); });
        }
        if (has_served || memory.joints.activity == Channel::MOVING || memory.is_homing == 1) return;
        for (const std::size_t command : by_stamp(io, move_jp_, move_cp_)) {
            if (!io.take(command)) continue;
            return obey(memory, [&] {
                const std::vector<double> goal = joint_goal(io, memory, command, true);
                memory.joints.go(io.now_ns, goal, limits(io, 0, memory.joints));
            });
        }
    }

    /// The values of a motion command, if the device may move and they may be used.
    static const std::vector<double>& values_of(const Activation& io, const Memory& memory, std::size_t command) {
        if (memory.operating_state != ENABLED || memory.is_homed == 0 || memory.is_homing == 1) throw NOT_READY;
        if (!io.inputs[command].valid) throw INVALID_COMMAND;
        return io.inputs[command].values;
    }

    std::vector<double> joint_goal(const Activation& io, const Memory& memory, std::size_t command, bool far) const {
        std::vector<double> goal = values_of(io, memory, command);
        if (command == servo_cp_ || command == move_cp_) {
            const std::vector<double>& v = goal;
            const double length = std::sqrt(v[3] * v[3] + v[4] * v[4] + v[5] * v[5] + v[6] * v[6]);
            if (std::abs(length - 1.0) > 1e-3) throw INVALID_COMMAND;
            const Pose pose{{v[0], v[1], v[2]}, {v[3] / length, v[4] / length, v[5] / length, v[6] / length}};
            const PerJoint q = kinematics_.inverse(pose, memory.joints.position, far);
            goal.assign(q.begin(), q.begin() + static_cast<std::ptrdiff_t>(n_));
        }
        for (std::size_t j = 0; j < n_; j++)
            check_goal(axes_[j], goal[j], memory.joints.position[j], jump(io, j, far));
        return goal;
    }

    std::optional<double> jump(const Activation& io, std::size_t axis, bool far) const {
        const auto& port = ports_[axis].servo_jump;
        return port && !far ? std::optional(io.parameters[*port]) : std::nullopt;
    }

    void take_jaw_commands(Activation& io, Memory& memory) const {
        const auto goal = [&](std::size_t command, bool far) {
            const double value = values_of(io, memory, command)[0];
            check_goal(axes_[n_], value, memory.jaw.position[0], jump(io, n_, far));
            return std::vector<double>{value};
        };
        if (io.take(jaw_servo_jp_)) {
            obey(memory, [&] { memory.jaw.stand(goal(jaw_servo_jp_, false)); });
        } else if (memory.jaw.activity != Channel::MOVING && memory.is_homing == 0 && io.take(jaw_move_jp_)) {
            obey(memory, [&] {
                const std::vector<double> to = goal(jaw_move_jp_, true);
                memory.jaw.go(io.now_ns, to, limits(io, n_, memory.jaw));
            });
        }
    }

    void publish(Activation& io, const Memory& memory, std::uint64_t had_refused) const {
        const bool is_known = memory.has_feedback == 1;
        std::vector<double> setpoint(3 * n_, 0.0);
        std::copy_n(memory.joints.position.begin(), n_, setpoint.begin());
        std::copy_n(memory.joints.velocity.begin(), n_, setpoint.begin() + static_cast<std::ptrdiff_t>(n_));
        io.write(setpoint_js_, setpoint, is_known);
        if (has_jaw_) io.write(jaw_setpoint_js_, {memory.jaw.position[0], memory.jaw.velocity[0], 0.0}, is_known);
        io.write(setpoint_cp_, kinematics_.forward(memory.joints.position).values(), is_known);
        PerJoint measured{};
        std::copy_n(feedback_.begin(), n_, measured.begin());
        const Input& input = io.inputs[measured_];
        io.write_at(measured_cp_, kinematics_.forward(measured).values(), input.valid, input.stamp_ns);
        io.write(operating_state_, {static_cast<double>(memory.operating_state)});
        io.write(is_homed_, {static_cast<double>(memory.is_homed)});
        io.write(is_busy_, {memory.is_homing == 1 || memory.is_moving() ? 1.0 : 0.0});
        io.write(error_, {static_cast<double>(memory.refusal)});
        if (memory.refusal_count != had_refused) io.write(error_event_, {static_cast<double>(memory.refusal_count)});
    }

    Kinematics kinematics_;
    std::size_t n_ = 0, speed_ = 0, trip_ = 0;
    bool has_jaw_ = false, is_valid_ = false;
    std::vector<Joint> axes_;  // the joints, then the jaw
    std::vector<AxisPorts> ports_;
    std::vector<double> feedback_;
    std::size_t state_command_ = 0, servo_jp_ = 0, servo_cp_ = 0, move_jp_ = 0, move_cp_ = 0;
    std::size_t jaw_servo_jp_ = 0, jaw_move_jp_ = 0, measured_ = 0, jaw_measured_ = 0;
    std::size_t setpoint_js_ = 0, jaw_setpoint_js_ = 0, setpoint_cp_ = 0, measured_cp_ = 0;
    std::size_t operating_state_ = 0, is_homed_ = 0, is_busy_ = 0, error_ = 0, error_event_ = 0;
};

int main(int, char** arguments) { return serve<Controller>(arguments[0]); }
