//! What gives way beyond an arm's motors, without mass: by the load at the tip, and by warmth.
//!
//! Each deflection β of a joint follows β∞ = c(d) τ + α T with its own time constant, where τ is the effort that the weight of
//! the load at the tip exerts on the joint, c the compliance, α the expansion and T the structure's temperature. It takes
//! the tip along as a motion of the joint would, exactly, and nothing else: links and motors do not feel it. That is the law of
//! jhu-dvrk/sawIntuitiveResearchKit, `mtsPSMCompensation`: q = q_enc − c(d) (τ_motor − τ_off), read as a deflection, because
//! at rest the motor carries the load: τ_motor − τ_off = −τ.

use crate::island::point;
use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use trocar_dynamics::{FrameId, Island, JacobianColumn, Workspace};
use trocar_scenario::deflection::{DeflectionConfig, StructureConfig, polynomial};
use trocar_scenario::mechanism::MechanismConfig;
use trocar_signal::{
    Activation, Dimension, Element, GroupClass, GroupSpec, Nanos, ParameterPort, ParameterSpec, Provenance,
    Registration, WritePort,
};

/// An arm's deflections.
pub(crate) struct Deflections {
    joints: Vec<Deflection>,
    structure: Option<Structure>,
    /// Where the load hangs.
    load: Option<(FrameId, Vector3<f64>)>,
    truth: Option<WritePort>,
    truth_structure: Option<WritePort>,
}

struct Deflection {
    /// The place of the joint among the coordinates, and of that on which the compliance depends.
    joint: usize,
    along: Option<usize>,
    /// Constant first.
    compliance: Vec<f64>,
    /// By how much the whole is more compliant than the file says.
    factor: ParameterPort,
    expansion: Option<ParameterPort>,
    /// Which share of a change it makes in a step.
    share: f64,
}

struct Structure {
    surroundings: ParameterPort,
    warming: ParameterPort,
    share: f64,
}

/// Working memory.
pub(crate) struct DeflectionScratch {
    columns: Vec<JacobianColumn>,
}

/// The share of a change that a first-order lag makes in a step.
fn share(step_s: f64, time_constant_s: f64) -> f64 {
    -trocar_math::exp_m1(-step_s / time_constant_s)
}

impl Deflections {
    /// Declares words of state, parameters and groups of truth. `step_s` is that of the scene.
    pub(crate) fn declare(
        instance: &str,
        config: &MechanismConfig,
        island: &Island,
        provenance: &Provenance<'_>,
        step_s: f64,
        registration: &mut Registration,
    ) -> Deflections {
        let structure = config.structure.as_ref().map(|structure| {
            registration.state_words(["structure.temperature".to_owned()]);
            Structure::declare(instance, structure, provenance, step_s, registration)
        });
        let mut joints = Vec::new();
        let mut elements = Vec::new();
        for deflection in &config.deflections {
            let place = |name: &String| config.coordinates.iter().position(|c| c.name == *name);
            let Some(joint) = place(&deflection.joint) else { continue };
            registration.state_words([format!("deflection.{}", deflection.joint)]);
            let kind = config.coordinates[joint].kind;
            elements.push(Element { name: deflection.joint.clone(), dimension: kind.position() });
            let mut declare =
                Declare { instance, config, deflection, provenance, registration: &mut *registration };
            declare.compliance(joint);
            joints.push(Deflection {
                joint,
                along: deflection.along.as_ref().and_then(place),
                compliance: deflection.compliance.value.clone(),
                factor: declare.factor(),
                expansion: declare.expansion(joint),
                share: share(step_s, deflection.relaxation.value.si()),
            });
        }
        let truth = (!joints.is_empty()).then(|| {
            let path = format!("{instance}.truth.deflection");
            let meaning = "how far beyond its motor each joint's axis has taken the tip, by load and warmth";
            registration.write(GroupSpec::vector(path, elements).class(GroupClass::Truth).meaning(meaning))
        });
        let truth_structure = structure.is_some().then(|| {
            let path = format!("{instance}.truth.structure");
            let element = Element { name: "temperature".to_owned(), dimension: Dimension::TEMPERATURE };
            let meaning = "how much warmer the structure is than where the arm was calibrated";
            registration
                .write(GroupSpec::vector(path, vec![element]).class(GroupClass::Truth).meaning(meaning))
        });
        let load = config
            .payload
            .as_ref()
            .filter(|_| !joints.is_empty())
            .and_then(|payload| Some((island.mechanism().frame(&payload.frame)?, point(payload))));
        Deflections { joints, structure, load, truth, truth_structure }
    }

    pub(crate) fn scratch(&self, island: &Island) -> DeflectionScratch {
        let n = if self.joints.is_empty() { 0 } else { island.mechanism().coordinate_count() };
        DeflectionScratch { columns: vec![JacobianColumn::default(); n] }
    }

    /// Brings its words to the end of a step over which the motors carried currents whose squares sum up to
    /// `square_amperes`; the workspace holds the kinematics of its end.
    pub(crate) fn step(
        &self,
        io: &mut Activation<'_>,
        island: &Island,
        ws: &Workspace,
        (load_kg, square_amperes): (f64, f64),
        scratch: &mut DeflectionScratch,
    ) -> Result<(), String> {
        let words = island.state_len();
        let mut warmth_k = 0.0;
        let mut next = words;
        if let Some(structure) = &self.structure {
            let end = io.parameter(structure.surroundings) + io.parameter(structure.warming) * square_amperes;
            let state: &mut [f64] = bytemuck::cast_slice_mut(io.state);
            state[next] += structure.share * (end - state[next]);
            warmth_k = state[next];
            next += 1;
        }
        let mechanism = island.mechanism();
        let weight_n = mechanism.gravity_in_world_mps2() * load_kg;
        if let Some((frame, point)) = self.load.as_ref().filter(|_| load_kg > 0.0) {
            let columns = &mut scratch.columns;
            mechanism.jacobian(ws, *frame, point, columns).map_err(|e| e.to_string())?;
        } else {
            scratch.columns.fill(JacobianColumn::default());
        }
        for (joint, word) in self.joints.iter().zip(next..) {
            let factor = io.parameter(joint.factor);
            let expansion = joint.expansion.map_or(0.0, |port| io.parameter(port));
            let state: &mut [f64] = bytemuck::cast_slice_mut(io.state);
            let d = joint.along.map_or(0.0, |place| state[place]);
            let effort = scratch.columns[joint.joint].linear.dot(&weight_n);
            let end = factor * polynomial(&joint.compliance, d) * effort + expansion * warmth_k;
            state[word] += joint.share * (end - state[word]);
        }
        Ok(())
    }

    /// Writes what bends and how warm it is, and gives the motion in the world by which the deflections take along what was
    /// at `tip` of its frame: the product of a screw about each joint's axis where it stands. Only what has a tip bends.
    pub(crate) fn publish(
        &self,
        io: &mut Activation<'_>,
        island: &Island,
        ws: &Workspace,
        tip: Option<(FrameId, &Vector3<f64>)>,
        scratch: &mut DeflectionScratch,
    ) -> Result<Isometry3<f64>, String> {
        let at = io.step_end;
        let words = island.state_len();
        let first = words + usize::from(self.structure.is_some());
        if let Some(port) = self.truth_structure {
            let warmth_k = [f64::from_bits(io.state[words])];
            io.send(port, &warmth_k, at, Nanos::ZERO, true);
        }
        let Some((port, (frame, tip_in_frame_m))) = self.truth.zip(tip) else {
            return Ok(Isometry3::identity());
        };
        let mut values = [0.0; MOST];
        let values = &mut values[..self.joints.len()];
        for (value, word) in values.iter_mut().zip(&io.state[first..]) {
            *value = f64::from_bits(*word);
        }
        io.send(port, values, at, Nanos::ZERO, true);
        let mut moved = Isometry3::identity();
        if values.iter().all(|deflection| *deflection == 0.0) {
            return Ok(moved);
        }
        let columns = &mut scratch.columns;
        island.mechanism().jacobian(ws, frame, tip_in_frame_m, columns).map_err(|e| e.to_string())?;
        let tip_m = ws.point_in_world(frame, tip_in_frame_m);
        for (joint, deflection) in self.joints.iter().zip(values) {
            moved *= screw(&columns[joint.joint], &tip_m, *deflection);
        }
        Ok(moved)
    }
}

/// As many joints as an arm can have (`trocar_plant::coupling::MAX_ACTUATORS`).
const MOST: usize = trocar_plant::coupling::MAX_ACTUATORS;

/// The motion that a joint makes of what is at a point, given its column of the Jacobian there: about the axis through
/// point − v × ω/ω², or along v.
fn screw(column: &JacobianColumn, point_m: &Vector3<f64>, by: f64) -> Isometry3<f64> {
    let (v, omega) = (&column.linear, &column.angular);
    let square = omega.norm_squared();
    if square == 0.0 {
        return Isometry3::from_parts(Translation3::from(v * by), UnitQuaternion::identity());
    }
    let on_axis_m = point_m - v.cross(omega) / square;
    let rate = square.sqrt();
    let (sin, cos) = trocar_math::sin_cos(0.5 * rate * by);
    let axis = omega * (sin / rate);
    let turn = UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(cos, axis.x, axis.y, axis.z));
    // What moves along the axis is v's part along it.
    let along = omega * (v.dot(omega) / square * by);
    let shift = on_axis_m - turn * on_axis_m + along;
    Isometry3::from_parts(Translation3::from(shift), turn)
}

impl Structure {
    fn declare(
        instance: &str,
        config: &StructureConfig,
        provenance: &Provenance<'_>,
        step_s: f64,
        registration: &mut Registration,
    ) -> Structure {
        let path = |field: &str| format!("{instance}.structure.{field}");
        let time_constant = &config.time_constant;
        registration.parameter(ParameterSpec::fixed(
            path("time_constant"),
            Dimension::TIME,
            time_constant.value.si(),
            provenance.of(time_constant),
        ));
        let mut tunable = |field: &str, value: &trocar_signal::Sourced<trocar_signal::AnyQuantity>| {
            let (dimension, si) = (value.value.dimension, value.value.si);
            registration.parameter(provenance.parameter(path(field), dimension, si, value, true))
        };
        Structure {
            surroundings: tunable("surroundings", &config.surroundings),
            warming: tunable("warming", &config.warming),
            share: share(step_s, time_constant.value.si()),
        }
    }
}

/// The parameters of one deflection.
struct Declare<'a, 'r> {
    instance: &'a str,
    config: &'a MechanismConfig,
    deflection: &'a DeflectionConfig,
    provenance: &'a Provenance<'a>,
    registration: &'r mut Registration,
}

impl Declare<'_, '_> {
    fn path(&self, field: &str) -> String {
        format!("{}.{}.deflection.{field}", self.instance, self.deflection.joint)
    }

    /// The coefficients and the time, which only the file changes.
    fn compliance(&mut self, joint: usize) {
        let kind = self.config.coordinates[joint].kind;
        let mut dimension = kind.position().over(kind.effort());
        let along = self.deflection.along.as_ref();
        let along = along.and_then(|name| self.config.coordinates.iter().find(|c| c.name == *name));
        for (power, c) in self.deflection.compliance.value.iter().enumerate() {
            let behind = self.provenance.of(&self.deflection.compliance);
            let path = self.path(&format!("compliance_{power}"));
            self.registration.parameter(ParameterSpec::fixed(path, dimension, *c, behind));
            dimension = along.map_or(dimension, |along| dimension.over(along.kind.position()));
        }
        let relaxation = &self.deflection.relaxation;
        let behind = self.provenance.of(relaxation);
        let path = self.path("relaxation");
        let si = relaxation.value.si();
        self.registration.parameter(ParameterSpec::fixed(path, Dimension::TIME, si, behind));
    }

    /// What a fault or a variation changes: a cannula that is loose, an arm softer than the one that was measured.
    fn factor(&mut self) -> ParameterPort {
        let (path, compliance) = (self.path("factor"), &self.deflection.compliance);
        let spec = self.provenance.parameter(path, Dimension::NUMBER, 1.0, compliance, true);
        self.registration.parameter(spec.at_least(0.0))
    }

    fn expansion(&mut self, joint: usize) -> Option<ParameterPort> {
        let expansion = self.deflection.expansion.as_ref()?;
        let dimension = self.config.coordinates[joint].kind.position().over(Dimension::TEMPERATURE);
        let path = self.path("expansion");
        let spec = self.provenance.parameter(path, dimension, expansion.value.si, expansion, true);
        Some(self.registration.parameter(spec))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The screw of a joint's column is the rotation about its axis, wherever the point is; a slide moves along it.
    #[test]
    fn a_screw_turns_about_the_joints_axis() {
        let axis = Vector3::new(0.36, 0.48, 0.8);
        let (on_axis, point) = (Vector3::new(0.3, -0.2, 0.5), Vector3::new(-0.1, 0.7, 0.2));
        let column = JacobianColumn { linear: axis.cross(&(point - on_axis)), angular: axis };
        let by = 0.3;
        let turn = UnitQuaternion::from_axis_angle(&nalgebra::Unit::new_unchecked(axis), by);
        let expected = on_axis + turn * (point - on_axis);
        let moved = screw(&column, &point, by);
        // A handful of roundings of numbers near 1.
        assert!((moved.transform_point(&point.into()).coords - expected).norm() < 1e-15);
        assert!(moved.rotation.angle_to(&turn) < 1e-15);
        let slide = JacobianColumn { linear: axis, angular: Vector3::zeros() };
        let moved = screw(&slide, &point, by).transform_point(&point.into()).coords;
        assert!((moved - point - axis * by).norm() < 1e-15);
    }
}
