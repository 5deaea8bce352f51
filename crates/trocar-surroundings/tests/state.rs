//! All of a contact is in the state, and stepping it allocates nothing.

mod common;

use common::{Scene, body, box_of_triangles, sphere};
use nalgebra::Isometry3;
use trocar_surroundings::{ContactLaw, Dissipation};

fn tumbling() -> Scene {
    let law = ContactLaw {
        stiffness: 2e4,
        exponent: 1.5,
        dissipation: Dissipation::Restitution(0.5),
        friction: 0.5,
        tangential_stiffness: 2e4,
        tangential_damping: 5.0,
    };
    let spheres =
        vec![sphere(0.1, 0.1, 0.0, 0.02), sphere(-0.1, 0.1, 0.0, 0.02), sphere(0.0, -0.1, 0.0, 0.02)];
    let mut scene = Scene::on(
        box_of_triangles(),
        body(1.0, [0.004, 0.005, 0.006]),
        Isometry3::translation(0.0, 0.0, -0.5),
        spheres,
        law,
    );
    scene.put(&Isometry3::translation(0.0, 0.0, 0.05), [0.2, 0.1, 0.0, 1.0, -2.0, 3.0]);
    scene
}

/// A state copied in mid-contact goes on to the same bits, in another scene of the same make.
#[test]
fn a_copy_in_mid_contact_goes_on_to_the_same_bits() {
    let mut first = tumbling();
    let mut touched = 0;
    for _ in 0..40 {
        first.run(0.01, 1e-3);
        touched += first.reading().touching;
        let mut second = tumbling();
        second.state.clone_from(&first.state);
        second.run(0.05, 1e-3);
        let bits = |scene: &Scene| scene.state.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        // The scene that made the copy goes on itself, with the memory of its solver.
        let copy = first.state.clone();
        first.run(0.05, 1e-3);
        assert_eq!(bits(&first), bits(&second));
        first.state = copy;
    }
    assert!(touched > 20, "the copies were made in mid-contact {touched} times");
}

#[test]
fn a_step_in_contact_allocates_nothing() {
    let mut scene = tumbling();
    scene.run(0.05, 1e-3);
    let counted = allocation_counter::measure(|| scene.run(0.5, 1e-3));
    assert!(scene.reading().touching > 0);
    assert_eq!(counted.count_total, 0);
}
