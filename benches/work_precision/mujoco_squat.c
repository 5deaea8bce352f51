// MuJoCo's side of the comparison on walker B: one squat, again and again, timed in C.
//
// mujoco_squat MODEL.xml METHOD STEP_US REPEATS [ROWS]
//   METHOD  euler | implicitfast | rk4
// Prints the seconds that a simulated second takes: the least of each tenth of a second over all repeats, added up.
// With ROWS it also writes rows of t, x, y, z of the pelvis and the upward force on both feet (f64), from a run of its own.

#include <math.h>
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JOINTS 12
#define SQUAT_US 2000000
#define PIECE_US 100000
static const double bent[6] = {-0.4, 0, 0, 0.8, -0.4, 0};
static double least[SQUAT_US / PIECE_US];

static void fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void record(const mjModel* m, mjData* data, FILE* rows, double t) {
  if (!rows) return;
  double force = 0;
  for (int i = 0; i < data->ncon; i++) {
    mjtNum wrench[6];
    mj_contactForce(m, data, i, wrench);
    force += wrench[0];
  }
  double row[5] = {t, data->qpos[0], data->qpos[1], data->qpos[2], force};
  fwrite(row, sizeof(double), 5, rows);
}

static void squat(const mjModel* m, mjData* data, int step_us, FILE* rows) {
  mj_resetData(m, data);
  record(m, data, rows, 0);
  double began = now();
  for (int us = 0; us < SQUAT_US; us += 1000) {
    double share = 0.5 * (1 - cos(2 * 3.14159265358979323846 * 0.5 * 1e-6 * us));
    for (int k = 0; k < JOINTS; k++) data->ctrl[k] = 800 * (bent[k % 6] * share - data->qpos[7 + k]);
    for (int i = 0; i < 1000 / step_us; i++) mj_step(m, data);
    record(m, data, rows, 1e-6 * (us + 1000));
    if ((us + 1000) % PIECE_US == 0) {
      double ended = now();
      int piece = us / PIECE_US;
      if (!rows && ended - began < least[piece]) least[piece] = ended - began;
      began = ended;
    }
  }
}

int main(int argc, char** argv) {
  if (argc < 5) fail("usage: mujoco_squat MODEL.xml METHOD STEP_US REPEATS [ROWS]");
  char error[1000] = "";
  mjModel* m = mj_loadXML(argv[1], NULL, error, sizeof error);
  if (!m) fail(error);
  if (!strcmp(argv[2], "euler")) m->opt.integrator = mjINT_EULER;
  else if (!strcmp(argv[2], "implicitfast")) m->opt.integrator = mjINT_IMPLICITFAST;
  else if (!strcmp(argv[2], "rk4")) m->opt.integrator = mjINT_RK4;
  else fail("unknown method");
  int step_us = atoi(argv[3]), repeats = atoi(argv[4]);
  if (step_us <= 0 || 1000 % step_us) fail("the step divides the controller's millisecond");
  m->opt.timestep = 1e-6 * step_us;
  mjData* data = mj_makeData(m);
  for (int i = 0; i < SQUAT_US / PIECE_US; i++) least[i] = INFINITY;
  for (int i = 0; i < repeats; i++) squat(m, data, step_us, NULL);
  double sum = 0;
  for (int i = 0; i < SQUAT_US / PIECE_US; i++) sum += least[i];
  if (repeats) printf("%.9e\n", sum * 1e6 / SQUAT_US);
  if (argc > 5) {
    FILE* rows = fopen(argv[5], "wb");
    if (!rows) fail("the rows cannot be written");
    squat(m, data, step_us, rows);
    fclose(rows);
  }
  return 0;
}
