//! A mechanism with the forces inside it, its state as flat words, and one step of it.

use nalgebra::Vector3;
use thiserror::Error;

use crate::active_set::{Acting, Scratch};
use crate::builder::{compact, position_row};
use crate::connection::{ActingConnection, Connection, ConnectionId, PlacedConnection};
use crate::element::{ForceElement, Stage};
use crate::error::{DynamicsError, check_length};
use crate::field::{JointField, PlacedField};
use crate::floating::{self, FloatingRoot};
use crate::kinematics::JacobianColumn;
use crate::mechanism::{CoordinateId, FrameId, Mechanism, Row, Workspace, row_times};
use crate::stiffness::spring_share;
use crate::transmitted::Wrench;

/// A force element of one island.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementId(pub(crate) usize);

impl ElementId {
    /// Its place among the elements.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// Why an island cannot be built.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum IslandError {
    /// Two elements have one name, or a name is empty.
    #[error("the element name {0:?} is empty or used twice")]
    Name(String),
    /// An element acts on nothing, on a coordinate that the mechanism does not have, on a part of a ball joint, or with a
    /// coefficient that is not finite.
    #[error(
        "the row of element {0:?} is empty, or has an unknown coordinate, one of a ball joint, or a coefficient that is not finite"
    )]
    Row(String),
    /// A connection has one frame at both ends, or one that the mechanism does not have.
    #[error("the connection {0:?} needs two different frames of the mechanism")]
    Ends(String),
}

/// A force and moment applied to a frame during a step, constant in world axes while the point moves with the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AppliedWrench {
    /// The frame acted upon.
    pub frame: FrameId,
    /// The point of action in the frame's coordinates, m.
    pub point_in_frame_m: Vector3<f64>,
    /// The force in world axes, N.
    pub force_in_world_n: Vector3<f64>,
    /// The moment in world axes, N m.
    pub moment_in_world_nm: Vector3<f64>,
}

/// What acts on an island during a step; all constant over the step.
#[derive(Clone, Copy, Debug)]
pub struct IslandInputs<'a> {
    /// The elements' inputs (drive efforts, Coulomb levels …), laid out as [`Island::input_names`].
    pub elements: &'a [f64],
    /// Mass of each payload, kg.
    pub payload_mass_kg: &'a [f64],
    /// Wrenches on frames.
    pub wrenches: &'a [AppliedWrench],
}

/// How an island is stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Integrator {
    /// Linearly implicit leapfrog, drift–kick–drift: second order, true stick.
    ///
    /// Damping, friction and stops are stable at any step, and so are springs whose stiffness the island has noted
    /// ([`Island::note_stiffness`]); others need h ω < √6, with ω² the largest eigenvalue of M⁻¹ Σ k r rᵀ. Gravity and
    /// Coriolis terms are explicit.
    #[default]
    Leapfrog,
    /// Classic fourth-order Runge–Kutta over mechanism and element states: explicit, for checks.
    RungeKutta4,
}

#[derive(Debug)]
pub(crate) struct Placed {
    pub name: String,
    pub element: Box<dyn ForceElement>,
    /// Words of the island's state, counted from its first element word.
    pub state: std::ops::Range<usize>,
    pub inputs: std::ops::Range<usize>,
}

/// Collects the force elements of a mechanism.
#[derive(Debug)]
pub struct IslandBuilder {
    mechanism: Mechanism,
    elements: Vec<Placed>,
    rows: Vec<Row>,
    connections: Vec<PlacedConnection>,
    fields: Vec<(String, Vec<CoordinateId>, Box<dyn JointField>)>,
}

impl IslandBuilder {
    /// An island of this mechanism without forces but gravity.
    #[must_use]
    pub fn new(mechanism: Mechanism) -> Self {
        Self {
            mechanism,
            elements: Vec::new(),
            rows: Vec::new(),
            connections: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// The mechanism.
    #[must_use]
    pub fn mechanism(&self) -> &Mechanism {
        &self.mechanism
    }

    /// Adds a force acting on e = row·q. Its effort on coordinate k is the row's coefficient times the force.
    pub fn element(
        &mut self,
        name: &str,
        row: &[(CoordinateId, f64)],
        element: impl ForceElement + 'static,
    ) -> ElementId {
        let (state, input) = self.elements.last().map_or((0, 0), |last| (last.state.end, last.inputs.end));
        self.elements.push(Placed {
            name: name.to_owned(),
            state: state..state + element.state_names().len(),
            inputs: input..input + element.inputs().len(),
            element: Box::new(element),
        });
        self.rows.push(compact(row));
        ElementId(self.elements.len() - 1)
    }

    /// Adds a force between two frames: on `b` as seen from `a`, and its opposite on `a`. Its state words and inputs come
    /// after those of the elements.
    pub fn connect(
        &mut self,
        name: &str,
        a: FrameId,
        b: FrameId,
        connection: impl Connection + 'static,
    ) -> ConnectionId {
        let connection = Box::new(connection);
        self.connections.push(PlacedConnection {
            name: name.to_owned(),
            a,
            b,
            connection,
            support: Box::default(),
            state: 0..0,
            inputs: 0..0,
        });
        ConnectionId(self.connections.len() - 1)
    }

    /// Adds efforts on these joints that depend on all of them.
    pub fn field(&mut self, name: &str, joints: &[CoordinateId], field: impl JointField + 'static) {
        self.fields.push((name.to_owned(), joints.to_vec(), Box::new(field)));
    }

    /// Checks names and rows.
    ///
    /// # Errors
    /// See [`IslandError`].
    pub fn build(mut self) -> Result<Island, IslandError> {
        let n = self.mechanism.coordinate_count();
        for (i, (placed, row)) in self.elements.iter().zip(&self.rows).enumerate() {
            let repeated = self.elements[..i].iter().any(|other| other.name == placed.name);
            if placed.name.is_empty() || repeated {
                return Err(IslandError::Name(placed.name.clone()));
            }
            let wrong = |&(k, coefficient): &(usize, f64)| {
                k >= n || !coefficient.is_finite() || self.mechanism.coordinates[k].position.is_none()
            };
            if row.is_empty() || row.iter().any(wrong) {
                return Err(IslandError::Row(placed.name.clone()));
            }
        }
        let (mut states, mut inputs) =
            self.elements.last().map_or((0, 0), |last| (last.state.end, last.inputs.end));
        let frames = self.mechanism.frames.len();
        for i in 0..self.connections.len() {
            let (before, rest) = self.connections.split_at_mut(i);
            let own = &mut rest[0];
            let mut names = before.iter().map(|c| &c.name).chain(self.elements.iter().map(|e| &e.name));
            if own.name.is_empty() || names.any(|name| *name == own.name) {
                return Err(IslandError::Name(own.name.clone()));
            }
            if own.a == own.b || own.a.0 >= frames || own.b.0 >= frames {
                return Err(IslandError::Ends(own.name.clone()));
            }
            own.support = PlacedConnection::support(&self.mechanism, own.a, own.b);
            own.state = states..states + own.connection.state_names().len();
            own.inputs = inputs..inputs + own.connection.inputs().len();
            (states, inputs) = (own.state.end, own.inputs.end);
        }
        let mut fields: Vec<PlacedField> = Vec::with_capacity(self.fields.len());
        for (name, joints, field) in std::mem::take(&mut self.fields) {
            let of_elements = self.elements.iter().map(|placed| &placed.name);
            let of_connections = self.connections.iter().map(|placed| &placed.name);
            let mut names = of_elements.chain(of_connections).chain(fields.iter().map(|placed| &placed.name));
            if name.is_empty() || names.any(|other| *other == name) {
                return Err(IslandError::Name(name));
            }
            fields.push(PlacedField::new(&name, &joints, field, &self.mechanism)?);
        }
        Ok(Island {
            fields: fields.into(),
            position_rows: self
                .rows
                .iter()
                .map(|row| position_row(row, &self.mechanism.coordinates))
                .collect(),
            square_frequencies: vec![0.0; self.elements.len()].into(),
            floating: floating::roots(&self.mechanism),
            mechanism: self.mechanism,
            square_frequencies_of_connections: vec![0.0; self.connections.len()].into(),
            connections: self.connections.into(),
            elements: self.elements.into(),
            rows: self.rows.into(),
            element_state_len: states,
            input_len: inputs,
        })
    }
}

/// A mechanism and its force elements; immutable, made by [`IslandBuilder`].
///
/// The state is a slice of words: q ([`Mechanism::position_count`] words), v\[n\], the accelerations of the last two steps
/// (2n words) with one word that says whether there are any, the momentum of floating trees, then the elements' words.
#[derive(Debug)]
pub struct Island {
    pub(crate) mechanism: Mechanism,
    pub(crate) elements: Box<[Placed]>,
    pub(crate) rows: Box<[Row]>,
    /// The rows over the words of q.
    pub(crate) position_rows: Box<[Row]>,
    /// Greatest k rᵀM⁻¹r of each element in the postures that were noted, rad²/s².
    pub(crate) square_frequencies: Box<[f64]>,
    pub(crate) floating: Box<[FloatingRoot]>,
    pub(crate) connections: Box<[PlacedConnection]>,
    pub(crate) square_frequencies_of_connections: Box<[f64]>,
    pub(crate) fields: Box<[PlacedField]>,
    pub(crate) element_state_len: usize,
    pub(crate) input_len: usize,
}

impl Island {
    /// The mechanism.
    #[must_use]
    pub fn mechanism(&self) -> &Mechanism {
        &self.mechanism
    }

    /// The element of this name.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<ElementId> {
        self.elements.iter().position(|placed| placed.name == name).map(ElementId)
    }

    /// Number of state words.
    #[must_use]
    pub fn state_len(&self) -> usize {
        self.first_element_word() + self.element_state_len
    }

    /// Names of the state words: `q.yaw`, `v.yaw`, `acceleration.yaw`, `acceleration_before.yaw`, `has_history`,
    /// `friction_yaw.deflection`.
    #[must_use]
    pub fn state_names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.state_len());
        names.extend(self.mechanism.position_names().iter().map(|name| format!("q.{name}")));
        for part in ["v", "acceleration", "acceleration_before"] {
            names.extend(self.mechanism.coordinate_names().map(|name| format!("{part}.{name}")));
        }
        names.push("has_history".to_owned());
        for root in &self.floating {
            let name = root.name(&self.mechanism);
            names.extend(floating::WORD_NAMES.iter().map(|word| format!("{name}.{word}")));
        }
        for placed in &self.elements {
            names.extend(placed.element.state_names().iter().map(|word| format!("{}.{word}", placed.name)));
        }
        for placed in &self.connections {
            names
                .extend(placed.connection.state_names().iter().map(|word| format!("{}.{word}", placed.name)));
        }
        names
    }

    /// A state at rest in the elements, with this position and velocity.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn initial_state(&self, q: &[f64], qd: &[f64]) -> Result<Vec<f64>, DynamicsError> {
        let mut state = vec![0.0; self.state_len()];
        self.set_motion(&mut state, q, qd)?;
        Ok(state)
    }

    /// Puts the mechanism elsewhere: sets q and v and forgets the previous accelerations; the elements keep their state.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn set_motion(&self, state: &mut [f64], q: &[f64], qd: &[f64]) -> Result<(), DynamicsError> {
        check_length("the state", state.len(), self.state_len())?;
        check_length("q", q.len(), self.mechanism.position_count())?;
        check_length("qd", qd.len(), self.mechanism.coordinate_count())?;
        let words = self.split(state);
        words.q.copy_from_slice(q);
        words.v.copy_from_slice(qd);
        words.last.fill(0.0);
        words.before.fill(0.0);
        *words.has_history = 0.0;
        Ok(())
    }

    /// Position words of a state; empty if the slice is too short to be one.
    #[must_use]
    pub fn q<'a>(&self, state: &'a [f64]) -> &'a [f64] {
        state.get(..self.mechanism.position_count()).unwrap_or_default()
    }

    /// Velocity words of a state; empty if the slice is too short to be one.
    #[must_use]
    pub fn v<'a>(&self, state: &'a [f64]) -> &'a [f64] {
        let first = self.mechanism.position_count();
        state.get(first..first + self.mechanism.coordinate_count()).unwrap_or_default()
    }

    /// Number of element inputs.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.input_len
    }

    /// Names of the element inputs: `friction_yaw.coulomb`, `motor_1.effort`.
    #[must_use]
    pub fn input_names(&self) -> Vec<String> {
        let of = |name: &str, inputs: Vec<(&'static str, f64)>| {
            inputs.into_iter().map(|(input, _)| format!("{name}.{input}")).collect::<Vec<_>>()
        };
        let elements = self.elements.iter().flat_map(|placed| of(&placed.name, placed.element.inputs()));
        let connections =
            self.connections.iter().flat_map(|placed| of(&placed.name, placed.connection.inputs()));
        elements.chain(connections).collect()
    }

    /// Nominal values of the element inputs: no drive effort, friction at its nominal level.
    #[must_use]
    pub fn nominal_inputs(&self) -> Vec<f64> {
        let elements = self.elements.iter().flat_map(|placed| placed.element.inputs());
        let connections = self.connections.iter().flat_map(|placed| placed.connection.inputs());
        elements.chain(connections).map(|(_, value)| value).collect()
    }

    /// Where an element's inputs lie in [`IslandInputs::elements`]; `None` for an element of another island.
    #[must_use]
    pub fn inputs_of(&self, element: ElementId) -> Option<std::ops::Range<usize>> {
        self.elements.get(element.0).map(|placed| placed.inputs.clone())
    }

    /// Where a connection's inputs lie in [`IslandInputs::elements`]; `None` for one of another island.
    #[must_use]
    pub fn inputs_of_connection(&self, connection: ConnectionId) -> Option<std::ops::Range<usize>> {
        self.connections.get(connection.0).map(|placed| placed.inputs.clone())
    }

    /// The connection of this name.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<ConnectionId> {
        self.connections.iter().position(|placed| placed.name == name).map(ConnectionId)
    }

    /// Where a connection's words lie in the state; `None` for one of another island.
    #[must_use]
    pub fn state_of_connection(&self, connection: ConnectionId) -> Option<std::ops::Range<usize>> {
        let first = self.first_element_word();
        self.connections.get(connection.0).map(|placed| placed.state.start + first..placed.state.end + first)
    }

    /// Where an element's words lie in the state; `None` for an element of another island.
    #[must_use]
    pub fn state_of(&self, element: ElementId) -> Option<std::ops::Range<usize>> {
        let first = self.first_element_word();
        self.elements.get(element.0).map(|placed| placed.state.start + first..placed.state.end + first)
    }

    /// e and ė of an element (rad or m, per second); `None` for an element of another island or a slice that is no state.
    #[must_use]
    pub fn element_motion(&self, state: &[f64], element: ElementId) -> Option<(f64, f64)> {
        let (row, position_row) = (self.rows.get(element.0)?, self.position_rows.get(element.0)?);
        if state.len() != self.state_len() {
            return None;
        }
        Some((row_times(position_row, self.q(state)), row_times(row, self.v(state))))
    }

    /// Energy that all elements and connections could give back, J.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn stored_energy(&self, state: &[f64]) -> Result<f64, DynamicsError> {
        check_length("the state", state.len(), self.state_len())?;
        let words = &state[self.first_element_word()..];
        let energy = |(placed, row): (&Placed, &Row)| {
            placed.element.stored_energy(row_times(row, self.q(state)), &words[placed.state.clone()])
        };
        let mut sum: f64 = self.elements.iter().zip(&self.position_rows).map(energy).sum();
        if !self.connections.is_empty() {
            let mut ws = self.mechanism.workspace();
            self.mechanism.kinematics(self.q(state), self.v(state), &mut ws)?;
            for placed in &self.connections {
                sum += placed.connection.stored_energy(&placed.pose(&ws), &words[placed.state.clone()]);
            }
        }
        Ok(sum)
    }

    /// Memory for stepping this island; nothing allocates afterwards.
    #[must_use]
    pub fn workspace(&self) -> IslandWorkspace {
        let n = self.mechanism.coordinate_count();
        IslandWorkspace {
            mechanism: self.mechanism.workspace(),
            acting: vec![Acting::default(); self.elements.len()].into(),
            scratch: Scratch::new(n),
            q: vec![0.0; self.mechanism.position_count()].into(),
            v: vec![0.0; n].into(),
            load: vec![0.0; n].into(),
            columns: vec![JacobianColumn::default(); if self.connections.is_empty() { 0 } else { n }].into(),
            connections: self.connections.iter().map(ActingConnection::new).collect(),
            field: vec![0.0; 3 * self.fields.iter().map(|f| f.coordinates.len()).max().unwrap_or(0)].into(),
            stiffening: vec![
                0.0;
                if self.connections.is_empty() && self.fields.is_empty() { 0 } else { n * n }
            ]
            .into(),
            acceleration: vec![0.0; n].into(),
            stages: std::array::from_fn(|_| vec![0.0; self.explicit_len()].into()),
        }
    }

    /// Poses and velocities of all frames in this state, left in `ws.mechanism()`: one kinematics pass, when asked for.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn kinematics(&self, state: &[f64], ws: &mut IslandWorkspace) -> Result<(), DynamicsError> {
        check_length("the state", state.len(), self.state_len())?;
        self.mechanism.kinematics(self.q(state), self.v(state), &mut ws.mechanism)
    }

    /// Advances the state by `step_s` seconds with the default integrator. On an error the state is unchanged.
    ///
    /// # Errors
    /// See [`DynamicsError`].
    pub fn step(
        &self,
        state: &mut [f64],
        inputs: &IslandInputs<'_>,
        step_s: f64,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        self.step_with(Integrator::Leapfrog, state, inputs, step_s, ws)
    }

    /// As [`Self::step`], with the integrator stated.
    ///
    /// # Errors
    /// See [`DynamicsError`].
    ///
    /// # Panics
    /// If a wrench acts on a frame of another mechanism.
    pub fn step_with(
        &self,
        integrator: Integrator,
        state: &mut [f64],
        inputs: &IslandInputs<'_>,
        step_s: f64,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        check_length("the state", state.len(), self.state_len())?;
        check_length("the element inputs", inputs.elements.len(), self.input_len)?;
        check_length("payload_mass_kg", inputs.payload_mass_kg.len(), self.mechanism.payload_count())?;
        if !(step_s > 0.0 && step_s.is_finite()) {
            return Err(DynamicsError::Step { step_s });
        }
        match integrator {
            Integrator::Leapfrog => self.leapfrog(state, inputs, step_s, ws),
            Integrator::RungeKutta4 => self.runge_kutta(state, inputs, step_s, ws),
        }
    }

    pub(crate) fn first_element_word(&self) -> usize {
        let motion = self.mechanism.position_count() + 3 * self.mechanism.coordinate_count() + 1;
        motion + floating::WORD_NAMES.len() * self.floating.len()
    }

    /// Words of q, v and the elements.
    fn explicit_len(&self) -> usize {
        self.mechanism.position_count() + self.mechanism.coordinate_count() + self.element_state_len
    }

    /// The parts of a state of the right length.
    #[inline]
    pub(crate) fn split<'a>(&self, state: &'a mut [f64]) -> StateWords<'a> {
        let n = self.mechanism.coordinate_count();
        let (q, rest) = state.split_at_mut(self.mechanism.position_count());
        let (v, rest) = rest.split_at_mut(n);
        let (last, rest) = rest.split_at_mut(n);
        let (before, rest) = rest.split_at_mut(n);
        let (has_history, rest) = rest.split_at_mut(1);
        let (floating, elements) = rest.split_at_mut(floating::WORD_NAMES.len() * self.floating.len());
        StateWords { q, v, last, before, has_history: &mut has_history[0], floating, elements }
    }

    /// The laws of all elements for a step from (q, v), left in `acting`.
    pub(crate) fn collect_laws(
        &self,
        state: &[f64],
        inputs: &IslandInputs<'_>,
        step_s: f64,
        acting: &mut [Acting],
    ) -> Result<(), DynamicsError> {
        let (q, v) = (self.q(state), self.v(state));
        let words = &state[self.first_element_word()..];
        let rows = self.rows.iter().zip(&self.position_rows).zip(&self.square_frequencies);
        for ((placed, ((row, position_row), square)), slot) in self.elements.iter().zip(rows).zip(acting) {
            let stage = Stage {
                position: row_times(position_row, q),
                rate: row_times(row, v),
                step_s,
                spring_share: spring_share(step_s * step_s * square),
            };
            if !(stage.position + stage.rate).is_finite() {
                return Err(DynamicsError::NotFinite { what: format!("the motion of {}", placed.name) });
            }
            let own_inputs = &inputs.elements[placed.inputs.clone()];
            let law = placed.element.law(&stage, own_inputs, &words[placed.state.clone()]);
            if !law.is_valid() {
                return Err(DynamicsError::NotFinite { what: format!("the force of {}", placed.name) });
            }
            *slot = Acting { law, rate: stage.rate, ..Acting::default() };
        }
        Ok(())
    }
}

/// A state, taken apart.
pub(crate) struct StateWords<'a> {
    pub q: &'a mut [f64],
    pub v: &'a mut [f64],
    /// Accelerations of the last step and of the one before.
    pub last: &'a mut [f64],
    pub before: &'a mut [f64],
    /// 1 if there are such.
    pub has_history: &'a mut f64,
    pub floating: &'a mut [f64],
    pub elements: &'a mut [f64],
}

/// Results and intermediate values of an island's step. It carries nothing from one step to the next.
#[derive(Clone, Debug)]
pub struct IslandWorkspace {
    pub(crate) mechanism: Workspace,
    pub(crate) acting: Box<[Acting]>,
    pub(crate) scratch: Scratch,
    pub(crate) q: Box<[f64]>,
    pub(crate) v: Box<[f64]>,
    pub(crate) load: Box<[f64]>,
    /// Of the connection at hand, for all coordinates.
    pub(crate) columns: Box<[JacobianColumn]>,
    pub(crate) connections: Box<[ActingConnection]>,
    /// Positions, efforts and stiffness of the joint field at hand.
    pub(crate) field: Box<[f64]>,
    /// What connections and joint fields add to the matrix; empty without any.
    pub(crate) stiffening: Box<[f64]>,
    pub(crate) acceleration: Box<[f64]>,
    /// Runge–Kutta: the state at a stage, four rates and their sum.
    pub(crate) stages: [Box<[f64]>; 3],
}

impl IslandWorkspace {
    /// The mechanism's part. After [`Island::kinematics`] it holds the poses of the state given; after a step alone it
    /// holds those of the step's middle.
    #[must_use]
    pub fn mechanism(&self) -> &Workspace {
        &self.mechanism
    }

    /// The mechanism's part, to evaluate something else with.
    pub fn mechanism_mut(&mut self) -> &mut Workspace {
        &mut self.mechanism
    }

    /// Mean acceleration over the last leapfrog step, rad/s² or m/s².
    #[must_use]
    pub fn acceleration(&self) -> &[f64] {
        &self.acceleration
    }

    /// Mean force of an element over the last leapfrog step, N m or N; `None` for an element of another island.
    #[must_use]
    pub fn element_force(&self, element: ElementId) -> Option<f64> {
        self.acting.get(element.0).map(|acting| acting.force)
    }

    /// Mean force of a connection over the last leapfrog step on its frame B and moment about B's origin, in the axes of
    /// its frame A; A gets the opposite. `None` for a connection of another island.
    #[must_use]
    pub fn connection_wrench(&self, connection: ConnectionId) -> Option<Wrench> {
        self.connections.get(connection.0).map(|acting| acting.wrench_on_b)
    }

    /// Mean rate of an element's e over the last leapfrog step, so that force · rate · step is the work done on the
    /// mechanism; `None` for an element of another island.
    #[must_use]
    pub fn element_mean_rate(&self, element: ElementId) -> Option<f64> {
        self.acting.get(element.0).map(|acting| acting.mean_rate)
    }
}
