// MuJoCo's side of the comparison: one simulated second of a case, again and again, timed in C.
//
// mujoco_side NUMBERS MODEL.xml CASE METHOD STEP_US REPEATS [TIPS]
//   CASE    passive | tracking | friction | forward (then METHOD is any, and one mj_forward is timed)
//   METHOD  euler | implicitfast | implicit | rk4
// Prints the seconds that a simulated second takes, or one mj_forward: the least of each piece of about a hundred steps
// over all repeats, added up, so that what else runs on the machine does not count.
// With TIPS it also writes rows of t, x, y, z (f64) of the tip, from a run of its own that is not timed.

#include <math.h>
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N 7
static double centre[N], amplitude[N], frequency[N], p[N], d[N], start[N];
static double reference[1001][2][N];

static void fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void read_numbers(const char* path) {
  struct { const char* key; double* into; } wanted[] = {
      {"centre", centre}, {"amplitude", amplitude}, {"frequency_hz", frequency}, {"p", p}, {"d", d}, {"start", start}};
  int found = 0;
  char key[256];
  FILE* file = fopen(path, "r");
  if (!file) fail("the numbers cannot be read");
  while (fscanf(file, "%255s", key) == 1) {
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
      if (strcmp(key, wanted[i].key)) continue;
      for (int k = 0; k < N; k++) found += fscanf(file, "%lf", &wanted[i].into[k]);
    }
  }
  fclose(file);
  if (found != 6 * N) fail("the numbers are not complete");
  for (int i = 0; i <= 1000; i++) {
    for (int k = 0; k < N; k++) {
      double w = 2 * 3.14159265358979323846 * frequency[k], t = 1e-3 * i;
      reference[i][0][k] = centre[k] + amplitude[k] * sin(w * t);
      reference[i][1][k] = amplitude[k] * w * cos(w * t);
    }
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

// Least time of each piece of the second.
static double least[1000];

static void forget(void) {
  for (int i = 0; i < 1000; i++) least[i] = INFINITY;
}

static void print_sum(double scale) {
  double sum = 0;
  for (int i = 0; i < 1000 && least[i] < INFINITY; i++) sum += least[i];
  printf("%.9e\n", sum * scale);
}

static void record(const mjModel* m, mjData* data, FILE* tips, int tip, double t) {
  if (!tips) return;
  mj_kinematics(m, data);
  fwrite(&t, sizeof t, 1, tips);
  fwrite(data->site_xpos + 3 * tip, sizeof(double), 3, tips);
}

static void one_second(const mjModel* m, mjData* data, int servo, int step_us, FILE* tips, int tip) {
  mj_resetData(m, data);
  for (int k = 0; k < N; k++) {
    data->qpos[k] = servo ? reference[0][0][k] : start[k];
    data->qvel[k] = servo ? reference[0][1][k] : 0;
  }
  record(m, data, tips, tip, 0);
  int substeps = step_us < 1000 ? 1000 / step_us : 1, interval_us = step_us * substeps;
  int piece_us = step_us * 100 > interval_us ? step_us * 100 : interval_us, piece = 0;
  double began = now();
  for (int us = 0; us < 1000000; us += interval_us) {
    if (servo) {
      double(*r)[N] = reference[us / 1000];
      for (int k = 0; k < N; k++) data->ctrl[k] = p[k] * (r[0][k] - data->qpos[k]) + d[k] * (r[1][k] - data->qvel[k]);
    }
    for (int i = 0; i < substeps; i++) mj_step(m, data);
    record(m, data, tips, tip, 1e-6 * (us + interval_us));
    if ((us + interval_us) / piece_us > piece || us + interval_us >= 1000000) {
      double ended = now();
      if (!tips && ended - began < least[piece]) least[piece] = ended - began;
      piece++;
      began = ended;
    }
  }
}

int main(int argc, char** argv) {
  if (argc < 7) fail("usage: mujoco_side NUMBERS MODEL.xml CASE METHOD STEP_US REPEATS [TIPS]");
  read_numbers(argv[1]);
  char error[1000] = "";
  mjModel* m = mj_loadXML(argv[2], NULL, error, sizeof error);
  if (!m) fail(error);
  const char* method = argv[4];
  if (!strcmp(method, "euler")) m->opt.integrator = mjINT_EULER;
  else if (!strcmp(method, "implicitfast")) m->opt.integrator = mjINT_IMPLICITFAST;
  else if (!strcmp(method, "implicit")) m->opt.integrator = mjINT_IMPLICIT;
  else if (!strcmp(method, "rk4")) m->opt.integrator = mjINT_RK4;
  else fail("unknown method");
  int step_us = atoi(argv[5]), repeats = atoi(argv[6]);
  m->opt.timestep = 1e-6 * step_us;
  mjData* data = mj_makeData(m);
  int tip = mj_name2id(m, mjOBJ_SITE, "tip");
  forget();
  if (!strcmp(argv[3], "forward")) {
    for (int i = 0; i < repeats; i++) {
      for (int k = 0; k < N; k++) data->qpos[k] = start[k], data->qvel[k] = 0.3;
      double began = now();
      for (int j = 0; j < 100; j++) {
        data->qpos[0] += 1e-9;
        mj_forward(m, data);
      }
      least[0] = fmin(least[0], now() - began);
    }
    print_sum(0.01);
    return 0;
  }
  int servo = strcmp(argv[3], "passive") != 0;
  for (int i = 0; i < repeats; i++) one_second(m, data, servo, step_us, NULL, tip);
  if (repeats) print_sum(1);
  if (argc > 7) {
    FILE* tips = fopen(argv[7], "wb");
    if (!tips) fail("the tips cannot be written");
    one_second(m, data, servo, step_us, tips, tip);
    fclose(tips);
  }
  return 0;
}
