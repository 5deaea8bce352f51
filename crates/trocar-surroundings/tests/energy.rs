//! Contact never creates energy, whatever tumbles onto whatever.

mod common;

use common::{Scene, body, sphere};
use nalgebra::{Isometry3, Quaternion, UnitQuaternion, Vector3};
use trocar_math::random::Stream;
use trocar_surroundings::{ContactLaw, Dissipation, Shape};

/// Bodies of five balls are thrown, spinning, onto floors, boxes and balls. Without any damping the sum of all energies
/// stays what it was but for what friction takes; the most that it ever rises above what it was before, over all throws, is
/// an error of the step's: it falls with its square.
#[test]
fn thrown_bodies_gain_nothing() {
    let rise = |step_s: f64| {
        let stream = Stream::new(7, 0, "throws");
        let (mut worst, mut lost) = (0.0_f64, 0.0_f64);
        for throw in 0..40_u64 {
            let mut next = 0;
            let mut draw = |low: f64, high: f64| {
                next += 1;
                stream.at(throw, next).uniform_in(low, high)
            };
            let spheres = (0..5)
                .map(|_| sphere(draw(-0.1, 0.1), draw(-0.1, 0.1), draw(-0.1, 0.1), draw(0.02, 0.05)))
                .collect();
            let law = ContactLaw {
                stiffness: draw(5e3, 5e4),
                exponent: 1.0,
                dissipation: Dissipation::PerSpeed(0.0),
                friction: if throw % 4 == 0 { 0.0 } else { draw(0.1, 1.2) },
                tangential_stiffness: draw(5e3, 5e4),
                tangential_damping: 0.0,
            };
            let (shape, at) = match throw % 3 {
                0 => (Shape::half_space(), 0.0),
                1 => (Shape::cuboid([5.0, 5.0, 0.5]).unwrap(), -0.5),
                _ => (Shape::ball(3.0).unwrap(), -3.0),
            };
            let mut scene = Scene::on(
                shape,
                body(1.0, [0.004, 0.005, 0.006]),
                Isometry3::translation(0.0, 0.0, at),
                spheres,
                law,
            );
            let turn = UnitQuaternion::from_quaternion(Quaternion::new(
                draw(-1.0, 1.0),
                draw(-1.0, 1.0),
                draw(-1.0, 1.0),
                draw(-1.0, 1.0),
            ));
            let mut velocity = [0.0; 6];
            for v in &mut velocity[..3] {
                *v = draw(-1.0, 1.0);
            }
            for v in &mut velocity[3..] {
                *v = draw(-10.0, 10.0);
            }
            let start = Vector3::new(0.0, 0.0, 0.35);
            scene.put(&Isometry3::from_parts(start.into(), turn), velocity);
            let begin = scene.energy();
            let mut least = begin;
            for _ in 0..(1.5 / step_s) as usize {
                scene.step(step_s);
                let now = scene.energy();
                worst = trocar_math::max(worst, now - least);
                least = trocar_math::min(least, now);
            }
            lost = trocar_math::max(lost, begin - least);
        }
        (worst, lost)
    };
    // Each throw begins with some 3.4 J of height and up to 2 J of motion.
    let (coarse, lost) = rise(5e-4);
    let (fine, _) = rise(2.5e-4);
    assert!(coarse < 0.03, "rose by {coarse} J at 0.5 ms");
    assert!(fine < 0.4 * coarse, "{coarse} J at 0.5 ms, {fine} J at 0.25 ms");
    assert!(lost > 1.0, "friction took {lost} J at most");
}

/// A body that is thrown onto a floor comes to rest, at a step up to thirty times too long for the floor's stiffness.
#[test]
fn stiff_contact_is_stable_at_any_step() {
    for (stiffness, exponent) in [(1e6, 1.0), (1e9, 1.0), (1e10, 1.5)] {
        let law = ContactLaw {
            stiffness,
            exponent,
            dissipation: Dissipation::PerSpeed(0.5),
            friction: 0.5,
            tangential_stiffness: stiffness,
            tangential_damping: 1e-4 * stiffness,
        };
        let spheres =
            vec![sphere(0.1, 0.1, 0.0, 0.02), sphere(-0.1, 0.1, 0.0, 0.02), sphere(0.0, -0.1, 0.0, 0.02)];
        let mut scene = Scene::new(body(1.0, [0.004, 0.005, 0.006]), Isometry3::identity(), spheres, law);
        scene.put(&Isometry3::translation(0.0, 0.0, 0.05), [0.2, 0.1, 0.0, 1.0, -2.0, 3.0]);
        let begin = scene.energy();
        for _ in 0..20_000 {
            scene.step(1e-3);
            assert!(scene.energy() < 1.02 * begin, "{stiffness}: {} of {begin}", scene.energy());
        }
        let still_moves = scene.velocity().norm() + scene.spin().norm();
        assert!(still_moves < 1e-3, "{stiffness} {exponent}: {still_moves}");
    }
}
