// Pinocchio's side of the comparison: its articulated-body algorithm, alone and inside two fixed-step integrators.
//
// pinocchio_side NUMBERS CASE METHOD STEP_US REPEATS [TIPS]
//   CASE    passive | tracking | aba (then METHOD is world or local, and one evaluation is timed)
//   METHOD  euler (semi-implicit) | rk4
// Prints the seconds that a simulated second takes, or one evaluation: the least of each piece of about a hundred steps
// over all repeats, added up, so that what else runs on the machine does not count.
// With TIPS it also writes rows of t, x, y, z (f64) of the tip, from a run of its own that is not timed.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <pinocchio/algorithm/aba.hpp>
#include <pinocchio/algorithm/kinematics.hpp>
#include <pinocchio/multibody.hpp>

namespace {

constexpr int N = 7;
using Vector = Eigen::VectorXd;

struct Arm {
  pinocchio::Model model;
  pinocchio::SE3 tip = pinocchio::SE3::Identity();
  std::map<std::string, std::array<double, N>> numbers;

  double at(const std::string& key, int k) const { return numbers.at(key)[k]; }
};

Arm read(const char* path) {
  Arm arm;
  std::ifstream file(path);
  std::string key, name, kind;
  pinocchio::JointIndex parent = 0;
  const auto vector = [&file] {
    Eigen::Vector3d v;
    file >> v[0] >> v[1] >> v[2];
    return v;
  };
  while (file >> key) {
    if (key == "gravity") {
      arm.model.gravity.linear() = vector();
    } else if (key == "tip") {
      arm.tip.translation() = vector();
    } else if (key == "joint") {
      file >> name >> kind;
      const pinocchio::SE3 placement(Eigen::Matrix3d::Identity(), vector());
      const Eigen::Vector3d axis = vector();
      double mass;
      file >> mass;
      const Eigen::Vector3d centre = vector();
      const Eigen::Vector3d diagonal = vector();
      const int which = axis.x() != 0 ? 0 : axis.y() != 0 ? 1 : 2;
      using namespace pinocchio;
      // Joints along an axis, which are cheaper for Pinocchio than those along any direction.
      const JointModel revolute[] = {JointModelRX(), JointModelRY(), JointModelRZ()};
      const JointModel prismatic[] = {JointModelPX(), JointModelPY(), JointModelPZ()};
      parent = arm.model.addJoint(parent, kind == "revolute" ? revolute[which] : prismatic[which], placement, name);
      arm.model.appendBodyToJoint(parent, Inertia(mass, centre, diagonal.asDiagonal().toDenseMatrix()), SE3::Identity());
    } else {
      for (double& x : arm.numbers[key]) file >> x;
    }
  }
  if (arm.model.nv != N) {
    std::cerr << "the arm is not complete\n";
    std::exit(1);
  }
  return arm;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Run {
  const Arm& arm;
  bool servo, rk4;
  pinocchio::Data data{arm.model};
  Vector held = Vector::Zero(N), tau = Vector::Zero(N);
  std::vector<std::array<std::array<double, N>, 2>> reference{1001};

  Run(const Arm& arm, bool servo, bool rk4) : arm(arm), servo(servo), rk4(rk4) {
    for (int i = 0; i <= 1000; ++i)
      for (int k = 0; k < N; ++k) {
        const double w = 2 * M_PI * arm.at("frequency_hz", k), t = 1e-3 * i;
        reference[i][0][k] = arm.at("centre", k) + arm.at("amplitude", k) * std::sin(w * t);
        reference[i][1][k] = arm.at("amplitude", k) * w * std::cos(w * t);
      }
  }

  const Vector& acceleration(const Vector& q, const Vector& v) {
    for (int k = 0; k < N; ++k)
      tau[k] = servo ? held[k] - damping[k] * v[k] : -stiffness[k] * (q[k] - rest[k]);
    return pinocchio::aba(arm.model, data, q, v, tau, pinocchio::Convention::WORLD);
  }

  const std::array<double, N>&damping = arm.numbers.at("damping"), &stiffness = arm.numbers.at("stiffness"),
        &rest = arm.numbers.at("rest");

  void step(Vector& q, Vector& v, double h) {
    if (!rk4) {
      v += h * acceleration(q, v);
      q += h * v;
      return;
    }
    const Vector a1 = acceleration(q, v), v2 = v + 0.5 * h * a1;
    const Vector a2 = acceleration(q + 0.5 * h * v, v2), v3 = v + 0.5 * h * a2;
    const Vector a3 = acceleration(q + 0.5 * h * v2, v3), v4 = v + h * a3;
    const Vector a4 = acceleration(q + h * v3, v4);
    q += h / 6 * (v + 2 * v2 + 2 * v3 + v4);
    v += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4);
  }

  void record(std::FILE* tips, const Vector& q, double t) {
    if (!tips) return;
    pinocchio::forwardKinematics(arm.model, data, q);
    const pinocchio::SE3 pose = data.oMi[N] * arm.tip;
    std::fwrite(&t, sizeof t, 1, tips);
    std::fwrite(pose.translation().data(), sizeof(double), 3, tips);
  }

  // Least time of each piece of the second.
  std::vector<double> least;

  void one_second(int step_us, std::FILE* tips) {
    Vector q(N), v = Vector::Zero(N);
    for (int k = 0; k < N; ++k) {
      q[k] = servo ? reference[0][0][k] : arm.at("start", k);
      if (servo) v[k] = reference[0][1][k];
    }
    record(tips, q, 0);
    const int substeps = step_us < 1000 ? 1000 / step_us : 1, interval_us = step_us * substeps;
    const int piece_us = std::max(100 * step_us, interval_us);
    least.resize((1000000 + piece_us - 1) / piece_us, 1e9);
    int piece = 0;
    double began = now();
    for (int us = 0; us < 1000000; us += interval_us) {
      if (servo)
        for (int k = 0; k < N; ++k)
          held[k] = p[k] * (reference[us / 1000][0][k] - q[k]) + d[k] * (reference[us / 1000][1][k] - v[k]);
      for (int i = 0; i < substeps; ++i) step(q, v, 1e-6 * step_us);
      record(tips, q, 1e-6 * (us + interval_us));
      if ((us + interval_us) / piece_us > piece || us + interval_us >= 1000000) {
        const double ended = now();
        if (!tips) least[piece] = std::min(least[piece], ended - began);
        ++piece;
        began = ended;
      }
    }
  }

  const std::array<double, N>&p = arm.numbers.at("p"), &d = arm.numbers.at("d");
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: pinocchio_side NUMBERS CASE METHOD STEP_US REPEATS [TIPS]\n";
    return 1;
  }
  const Arm arm = read(argv[1]);
  const std::string what = argv[2], method = argv[3];
  const int step_us = std::atoi(argv[4]), repeats = std::atoi(argv[5]);
  if (what == "aba") {
    const auto convention = method == "world" ? pinocchio::Convention::WORLD : pinocchio::Convention::LOCAL;
    pinocchio::Data data(arm.model);
    Vector q(N), v = Vector::Constant(N, 0.3), tau = Vector::Constant(N, 0.1);
    double least = 1e9;
    for (int i = 0; i < repeats; ++i) {
      for (int k = 0; k < N; ++k) q[k] = arm.at("start", k);
      const double began = now();
      for (int j = 0; j < 100; ++j) {
        q[0] += 1e-9;
        pinocchio::aba(arm.model, data, q, v, tau, convention);
      }
      least = std::min(least, now() - began);
    }
    std::printf("%.9e\n", least / 100);
    return 0;
  }
  Run run(arm, what != "passive", method == "rk4");
  for (int i = 0; i < repeats; ++i) run.one_second(step_us, nullptr);
  double sum = 0;
  for (const double time : run.least) sum += time;
  if (repeats) std::printf("%.9e\n", sum);
  if (argc > 6) {
    std::FILE* tips = std::fopen(argv[6], "wb");
    if (!tips) return 1;
    run.one_second(step_us, tips);
    std::fclose(tips);
  }
}
