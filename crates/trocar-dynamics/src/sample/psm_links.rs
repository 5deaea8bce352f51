//! Link inertias of the PSM Classic: a physically consistent equivalent of the identified table.
//!
//! Identification fixes only sums over links, so the published table (Wang et al. 2019) has links that no body could be.
//! These links could be bodies, and with the wrist straight they give the identified M(q) and gravity efforts to 1e-8;
//! single links mean nothing. `tests/data/psm_equivalent.py` made them and says how; the last four are the assumed
//! instrument, whose share was taken out of `insertion`.

use nalgebra::{Matrix3, Vector3};

use crate::Inertia;

/// One row of the table, in the frame of this name.
pub(super) struct Link {
    pub frame: &'static str,
    pub mass_kg: f64,
    pub centre_of_mass_m: [f64; 3],
    /// xx, xy, xz, yy, yz, zz about the centre of mass.
    pub about_centre_kgm2: [f64; 6],
}

impl Link {
    pub fn inertia(&self) -> Inertia {
        let [xx, xy, xz, yy, yz, zz] = self.about_centre_kgm2;
        Inertia {
            mass_kg: self.mass_kg,
            centre_of_mass_m: Vector3::from(self.centre_of_mass_m),
            about_centre_kgm2: Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz),
        }
    }
}

pub(super) const LINKS: [Link; 12] = [
    Link {
        frame: "yaw",
        mass_kg: 6.0671854837,
        centre_of_mass_m: [0.0121144949, -0.0006059552, 0.0],
        about_centre_kgm2: [0.017058029642, 0.0, 0.0, 0.017058029642, 0.0, 0.000303359283],
    },
    Link {
        frame: "pitch",
        mass_kg: 10.0044229914,
        centre_of_mass_m: [-0.0195736642, -0.0719141877, -0.0110689257],
        about_centre_kgm2: [
            0.023587813875,
            -0.001601354872,
            0.008963672118,
            0.026464931258,
            0.003997017855,
            0.00480546846,
        ],
    },
    Link {
        frame: "pitch_front",
        mass_kg: 2.9666127654,
        centre_of_mass_m: [0.174630664, 0.0199323917, 0.0172970828],
        about_centre_kgm2: [
            0.000148383712,
            -3.4270326e-05,
            -4.8143047e-05,
            0.065962059677,
            -2.5069e-08,
            0.065962042305,
        ],
    },
    Link {
        frame: "pitch_front_upper",
        mass_kg: 0.4801267717,
        centre_of_mass_m: [0.2975690481, -0.0299799079, 0.0295888637],
        about_centre_kgm2: [
            2.4314e-05,
            3.822186e-06,
            -5.7112548e-05,
            0.010674303878,
            2.0497e-08,
            0.010673998973,
        ],
    },
    Link {
        frame: "pitch_bottom",
        mass_kg: 0.1120973532,
        centre_of_mass_m: [0.0026537228, 0.0465455743, -0.020296495],
        about_centre_kgm2: [
            6.84199e-06,
            -1.80309e-06,
            2.247899e-06,
            1.307026e-05,
            6.03815e-07,
            1.2801822e-05,
        ],
    },
    Link {
        frame: "pitch_top",
        mass_kg: 0.5154104347,
        centre_of_mass_m: [-0.0450488582, -0.1366950926, 0.0193860495],
        about_centre_kgm2: [
            3.5954578e-05,
            -1.2350002e-05,
            -2.446362e-06,
            4.1719511e-05,
            -1.941106e-06,
            5.113453e-05,
        ],
    },
    Link {
        frame: "insertion",
        mass_kg: 0.3429125277,
        centre_of_mass_m: [-0.0210044206, -0.0204500668, -0.1090852722],
        about_centre_kgm2: [1.7145653e-05, -6.1e-11, 7e-12, 1.7145851e-05, 2e-12, 1.7145871e-05],
    },
    Link {
        frame: "counterweight",
        mass_kg: 0.3499395,
        centre_of_mass_m: [0.0258635032, -0.0177550829, -0.1098034596],
        about_centre_kgm2: [
            1.9539501e-05,
            5.276759e-06,
            -2.750553e-06,
            3.5269689e-05,
            8.37203e-07,
            3.6439415e-05,
        ],
    },
    Link {
        frame: "roll",
        mass_kg: 0.0168331523,
        centre_of_mass_m: [0.0, 0.0, -0.2081],
        about_centre_kgm2: [0.000243131543, 0.0, 0.0, 0.000243131543, 0.0, 2.83134e-07],
    },
    Link {
        frame: "wrist_pitch",
        mass_kg: 0.002,
        centre_of_mass_m: [0.00455, 0.0, 0.0],
        about_centre_kgm2: [1.6e-08, 0.0, 0.0, 2.1802e-08, 0.0, 2.1802e-08],
    },
    Link {
        frame: "jaw_1",
        mass_kg: 0.00064056,
        centre_of_mass_m: [0.0, 0.0051, 0.0],
        about_centre_kgm2: [5.767e-09, 0.0, 0.0, 1.068e-09, 0.0, 6.408e-09],
    },
    Link {
        frame: "jaw_2",
        mass_kg: 0.00064056,
        centre_of_mass_m: [0.0, 0.0051, 0.0],
        about_centre_kgm2: [5.767e-09, 0.0, 0.0, 1.068e-09, 0.0, 6.408e-09],
    },
];
