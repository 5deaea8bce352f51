//! A step of the PSM bench beside the bare mechanics of the same arm: what hardware, control, instruments, digests and
//! recording cost is the ratio of the two. Run: `cargo bench -p trocar-benches --bench psm_bench`.
#![expect(clippy::panic, reason = "a benchmark without its scenario has nothing to measure")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trocar_benches::{first_case, in_motion, shipped};
use trocar_dynamics::sample;
use trocar_sim::state::chain_digest;
use trocar_sim::{Inputs, step};

fn psm(c: &mut Criterion) {
    let loaded = shipped("pose_repeatability").unwrap_or_else(|e| panic!("{e}"));
    let case = first_case(&loaded).unwrap_or_else(|e| panic!("{e}"));
    let (state, mut scratch) = in_motion(&case, 0.5).unwrap_or_else(|e| panic!("{e}"));
    let mut group = c.benchmark_group("psm");
    group.throughput(Throughput::Elements(1));
    group.bench_function("mechanics: M, bias, Cholesky", |b| {
        let mechanism = sample::psm_classic().unwrap_or_else(|e| panic!("{e}"));
        let mut workspace = mechanism.workspace();
        let (q, qd, effort) = ([0.1, -0.2, 0.12, 0.3, 0.2, -0.1, 0.4], [0.3; 7], [0.1; 7]);
        let mut qdd = [0.0; 7];
        b.iter(|| mechanism.forward_dynamics(&q, &qd, &effort, &[], &mut workspace, &mut qdd));
    });
    group.bench_function("step: everything but digest and recording", |b| {
        let mut now = state.clone();
        b.iter(|| step(&case.model, &mut now, &Inputs::default(), &mut scratch));
    });
    group.bench_function("digest of one control period", |b| {
        let mut now = state.clone();
        let mut blocks = Vec::new();
        b.iter(|| chain_digest(&case.model, &mut now, &mut blocks));
    });
    group.bench_function("fork: a copy of the state", |b| {
        let mut copy = state.clone();
        b.iter(|| copy.copy_from(&state));
    });
    group.finish();
}

criterion_group!(benches, psm);
criterion_main!(benches);
