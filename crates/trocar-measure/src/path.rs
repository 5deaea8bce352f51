//! Paths: accuracy and repeatability of positions and orientations (ISO 9283:1998, 8.2 and 8.3: AT_p, AT_a, AT_b, AT_c, RT_p,
//! RT_a, RT_b, RT_c), cornering (8.5: CR, CO) and velocity (8.6: AV, RV, FV).
//!
//! The commanded path is a signal. The last repeat that `skip` leaves out is watched: along it, stations are laid at even
//! arc lengths, each a point with the plane across the path; a change of direction by more than 10° between two readings
//! is a corner. In each repeat that counts, the attained path is cut with the planes in turn, on a straight line between
//! two readings, and the place and time of each cut are kept. So the figures depend on where the tool goes and not on how
//! late it is there.
//!
//! Of an orientation, what is kept at a cut is the rotation vector from the orientation commanded at the station to the
//! attained one; between two readings it too goes on a straight line.
//!
//! AT_p is the largest distance, over stations, of the mean cut from the station; RT_p the largest RP_l of the cuts; a
//! speed is the way between the cuts of two neighbouring stations over its time. CR is the least distance of the attained
//! path from a corner, CO the largest distance by which it goes beyond the second leg in the direction of the first:
//! each the mean over repeats, at the worst corner.
//!
//! A largest value over many stations lies above what each station has; this belongs to the figures that the standard
//! defines. Their uncertainty from finitely many repeats is that of the worst station.

use crate::figure::{FigureRow, NoFigure, Note, Repeated};
use crate::geometry::{
    Rotation, Vector, add, between, distance, dot, mean, norm, rotation_vector, scale, sub, unit,
};
use crate::instrument::ReadingUncertainty;
use crate::measure::{SampleError, finite};
use crate::noise;
use crate::orientation::{self, OfStations};
use crate::position::{repeatability, sampling_of_accuracy, sampling_of_repeatability};
use crate::sampling::{self, mean_and_sd};
use crate::statistic::{CornerStatistic, SpeedStatistic};
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;
use trocar_signal::{Dimension, Time};

/// Most stations of a path.
pub const MOST_STATIONS: usize = 1000;
/// Most repeats that count.
pub const MOST_PASSES: u32 = 100;
/// Most corners of a path.
const MOST_CORNERS: usize = 16;
/// Cosine of the change of direction from which on it is a corner: 10°.
const CORNER_COSINE: f64 = 0.984_807_753_012_208;
/// Length of the pieces (m), at least, of which the commanded path is made: what a controller's inverse kinematics leaves
/// in the last digits of a setpoint at rest has no direction.
const PIECE_M: f64 = 5e-6;

/// Changes of direction nearer to each other than this (m), and than two pieces, are one corner.
const ONE_CORNER_M: f64 = 1e-4;

/// What is made of the cuts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum OfPath {
    /// AT_p
    Accuracy,
    /// RT_p
    Repeatability,
    /// AT_a, AT_b, AT_c
    OrientationAccuracy,
    /// RT_a, RT_b, RT_c
    OrientationRepeatability,
    /// AV, RV or FV.
    Speed(SpeedStatistic),
    /// CR or CO.
    Corner(CornerStatistic),
}

/// Where stations are laid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stations {
    /// From one to the next along the commanded path (m).
    pub every_m: f64,
    /// None is nearer to an end of the path (m).
    pub ends_m: f64,
    /// None is nearer to a corner (m).
    pub corners_m: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Station {
    point_m: Vector,
    /// The commanded orientation, where orientations are measured.
    turned: Rotation,
    tangent: Vector,
    arc_m: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Corner {
    point_m: Vector,
    arc_m: f64,
    into: Vector,
    out_of: Vector,
}

/// How far from the station a cut is (m), or how far it is turned from what is commanded there (rotation vector, rad); when
/// the tool was there, and when the command (s).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cut {
    off: Vector,
    attained_s: f64,
    commanded_s: f64,
}

/// Where a path was at an instant, and how it was turned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Along {
    at: Time,
    place_m: Vector,
    turned: Rotation,
}

/// A measure of a path in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    what: OfPath,
    laid: Stations,
    /// The repeat that lays stations, and how many count after it.
    first: u32,
    passes: u32,
    stations: Vec<Station>,
    station_count: usize,
    overflow: bool,
    corners: Vec<Corner>,
    corner_count: usize,
    length_m: f64,
    /// Pass by pass.
    cuts: Vec<Cut>,
    /// Of each pass and corner: the least distance, the largest distance beyond.
    at_corners: Vec<[f64; 2]>,
    // The repeat under way.
    cycle: u32,
    begun: bool,
    arc_m: f64,
    direction: Option<Vector>,
    commanded: Option<Along>,
    attained: Option<Along>,
    next_commanded: usize,
    next_cut: usize,
    /// How many stations were cut in each pass.
    done: Vec<usize>,
}

impl Path {
    /// `skip` repeats are left out, and `passes` count.
    pub fn new(what: OfPath, laid: Stations, skip: u32, passes: u32) -> Path {
        let passes = passes.min(MOST_PASSES);
        let cuts = if matches!(what, OfPath::Corner(_)) { 0 } else { passes as usize * MOST_STATIONS };
        Path {
            what,
            laid,
            first: skip.saturating_sub(1),
            passes,
            stations: vec![Station::default(); MOST_STATIONS],
            station_count: 0,
            overflow: false,
            corners: vec![Corner::default(); MOST_CORNERS],
            corner_count: 0,
            length_m: 0.0,
            cuts: vec![Cut::default(); cuts],
            at_corners: vec![[f64::INFINITY, 0.0]; passes as usize * MOST_CORNERS],
            cycle: 0,
            begun: false,
            arc_m: 0.0,
            direction: None,
            commanded: None,
            attained: None,
            next_commanded: 0,
            next_cut: 0,
            done: vec![0; passes as usize],
        }
    }

    pub fn dimension(&self) -> Dimension {
        match self.what {
            OfPath::Speed(SpeedStatistic::Fluctuation) => Dimension::VELOCITY,
            OfPath::Speed(_) => Dimension::NUMBER,
            OfPath::OrientationAccuracy | OfPath::OrientationRepeatability => Dimension::ANGLE,
            _ => Dimension::LENGTH,
        }
    }

    fn is_of_orientations(&self) -> bool {
        matches!(self.what, OfPath::OrientationAccuracy | OfPath::OrientationRepeatability)
    }

    /// How many rows it will have: one for each axis of an orientation.
    pub fn row_count(&self) -> usize {
        if self.is_of_orientations() { 3 } else { 1 }
    }

    fn along(&self, at: Time, values: &[f64]) -> Result<Along, SampleError> {
        let turned = if self.is_of_orientations() {
            let [_, _, _, x, y, z, w] = finite::<7>(values)?;
            [x, y, z, w]
        } else {
            Rotation::default()
        };
        Ok(Along { at, place_m: finite::<3>(values)?, turned })
    }

    pub fn push(
        &mut self,
        at: Time,
        cycle: u32,
        values: &[f64],
        reference: &[f64],
    ) -> Result<(), SampleError> {
        let (attained, commanded) = (self.along(at, values)?, self.along(at, reference)?);
        if cycle < self.first || cycle > self.first + self.passes {
            return Ok(());
        }
        if !self.begun || cycle != self.cycle {
            (self.begun, self.cycle, self.arc_m, self.direction) = (true, cycle, 0.0, None);
            (self.commanded, self.attained) = (None, None);
            self.next_cut = self.usable_from(0);
            self.next_commanded = 0;
        }
        let is_first = cycle == self.first;
        if let Some(was) = self.commanded {
            let moved_m = distance(commanded.place_m, was.place_m);
            if moved_m >= PIECE_M {
                let direction = scale(sub(commanded.place_m, was.place_m), 1.0 / moved_m);
                if is_first {
                    self.lay(&was, &commanded, direction, moved_m);
                } else {
                    self.note_command(was.at, at, moved_m);
                }
                self.arc_m += moved_m;
                self.direction = Some(direction);
                self.commanded = Some(commanded);
            } else if moved_m < 1e-9 {
                // It stands: what comes next begins now.
                self.commanded = Some(Along { place_m: was.place_m, ..commanded });
            }
        } else {
            self.commanded = Some(commanded);
        }
        if is_first {
            self.length_m = self.arc_m;
        } else {
            self.follow(attained);
        }
        Ok(())
    }

    /// Lays the stations of one piece of the commanded path, and finds its corners.
    fn lay(&mut self, from: &Along, to: &Along, direction: Vector, moved_m: f64) {
        let turns = self.is_of_orientations();
        if let Some(before) = self.direction
            && dot(before, direction) < CORNER_COSINE
        {
            self.turn(from.place_m, before, direction, moved_m);
        }
        while self.laid.every_m * (self.station_count as f64 + 1.0) <= self.arc_m + moved_m {
            let arc_m = self.laid.every_m * (self.station_count as f64 + 1.0);
            let Some(station) = self.stations.get_mut(self.station_count) else {
                self.overflow = true;
                return;
            };
            let on_m = arc_m - self.arc_m;
            let point_m = add(from.place_m, scale(direction, on_m));
            let turned = if turns { between(from.turned, to.turned, on_m / moved_m) } else { from.turned };
            *station = Station { point_m, turned, tangent: direction, arc_m };
            self.station_count += 1;
        }
    }

    /// A corner. Where it falls between two readings the direction changes twice: then both changes are one.
    fn turn(&mut self, at_m: Vector, before: Vector, direction: Vector, moved_m: f64) {
        let last = self.corner_count.checked_sub(1).and_then(|at| self.corners.get_mut(at));
        if let Some(corner) = last.filter(|corner| self.arc_m - corner.arc_m < ONE_CORNER_M + 2.0 * moved_m) {
            corner.out_of = direction;
            // Where the second leg, run backwards, comes nearest to the first.
            let across = unit(sub(corner.into, scale(direction, dot(corner.into, direction))));
            if let Some(across) = across {
                let slope = dot(corner.into, across);
                let along = dot(sub(at_m, corner.point_m), across) / slope;
                corner.point_m = add(corner.point_m, scale(corner.into, along));
                corner.arc_m += along;
            }
        } else if let Some(corner) = self.corners.get_mut(self.corner_count) {
            *corner = Corner { point_m: at_m, arc_m: self.arc_m, into: before, out_of: direction };
            self.corner_count += 1;
        }
    }

    /// Keeps when the command passes stations.
    fn note_command(&mut self, then: Time, at: Time, moved_m: f64) {
        let pass = (self.cycle - self.first - 1) as usize;
        while let Some(station) = self.stations[..self.station_count].get(self.next_commanded)
            && station.arc_m <= self.arc_m + moved_m
        {
            let share = (station.arc_m - self.arc_m) / moved_m;
            let when_s = then.seconds() + share * at.since(then).seconds();
            if let Some(cut) = self.cuts.get_mut(pass * MOST_STATIONS + self.next_commanded) {
                cut.commanded_s = when_s;
            }
            self.next_commanded += 1;
        }
    }

    /// Cuts the attained path with the next planes, and looks how near it comes to corners.
    fn follow(&mut self, attained: Along) {
        let pass = (self.cycle - self.first - 1) as usize;
        let before = self.attained.replace(attained);
        let turns = self.is_of_orientations();
        for (place, corner) in self.corners[..self.corner_count].iter().enumerate() {
            let near = (self.arc_m - corner.arc_m).abs() < self.reach_of(place);
            let Some(found) = self.at_corners.get_mut(pass * MOST_CORNERS + place).filter(|_| near) else {
                continue;
            };
            let off_m = sub(attained.place_m, corner.point_m);
            found[0] = trocar_math::min(found[0], norm(off_m));
            let beyond = unit(sub(corner.into, scale(corner.out_of, dot(corner.into, corner.out_of))));
            if let Some(beyond) = beyond.filter(|_| self.arc_m >= corner.arc_m) {
                found[1] = trocar_math::max(found[1], dot(off_m, beyond));
            }
        }
        let Some(was) = before else { return };
        while let Some(station) = self.stations[..self.station_count].get(self.next_cut) {
            let side = |place_m: Vector| dot(sub(place_m, station.point_m), station.tangent);
            let (behind, beyond) = (side(was.place_m), side(attained.place_m));
            if behind >= 0.0 || beyond < 0.0 {
                return;
            }
            let share = behind / (behind - beyond);
            let off = |along: &Along| {
                if turns {
                    rotation_vector(station.turned, along.turned)
                } else {
                    sub(along.place_m, station.point_m)
                }
            };
            let (off_before, off_after) = (off(&was), off(&attained));
            if let Some(cut) = self.cuts.get_mut(pass * MOST_STATIONS + self.next_cut) {
                cut.off = add(off_before, scale(sub(off_after, off_before), share));
                cut.attained_s = was.at.seconds() + share * attained.at.since(was.at).seconds();
            }
            if let Some(done) = self.done.get_mut(pass) {
                *done += 1;
            }
            self.next_cut = self.usable_from(self.next_cut + 1);
        }
    }

    /// How far along the command a corner's neighbourhood reaches: half way to the next corner or end.
    fn reach_of(&self, place: usize) -> f64 {
        let arc = |at: usize| self.corners[..self.corner_count].get(at).map(|corner| corner.arc_m);
        let own = arc(place).unwrap_or(0.0);
        let before = place.checked_sub(1).and_then(arc).unwrap_or(0.0);
        let after = arc(place + 1).unwrap_or(self.length_m);
        0.5 * trocar_math::min(own - before, after - own)
    }

    fn is_usable(&self, station: &Station) -> bool {
        let inside = station.arc_m >= self.laid.ends_m && station.arc_m <= self.length_m - self.laid.ends_m;
        let corners = &self.corners[..self.corner_count];
        inside && corners.iter().all(|corner| (station.arc_m - corner.arc_m).abs() >= self.laid.corners_m)
    }

    /// The first usable station from a place on.
    fn usable_from(&self, place: usize) -> usize {
        let rest = self.stations[..self.station_count].iter().enumerate().skip(place);
        rest.filter(|(_, station)| self.is_usable(station))
            .map(|(at, _)| at)
            .next()
            .unwrap_or(self.station_count)
    }

    fn usable(&self) -> Vec<usize> {
        (0..self.station_count).filter(|at| self.is_usable(&self.stations[*at])).collect()
    }

    pub fn rows(&self, instrument: Option<&ReadingUncertainty>) -> Result<Vec<FigureRow>, NoFigure> {
        if self.overflow {
            return Err(NoFigure::TooLong { most: MOST_STATIONS as u32 });
        }
        if self.length_m == 0.0 {
            return Err(NoFigure::NoReading);
        }
        if let OfPath::Corner(statistic) = self.what {
            return self.corner_row(statistic, instrument).map(|row| vec![row]);
        }
        let usable = self.usable();
        if usable.is_empty() {
            return Err(NoFigure::NoReading);
        }
        if let Some(have) = self.done.iter().copied().find(|done| *done < usable.len()) {
            let station = self.stations[usable[have]];
            let um = (station.arc_m * 1e6).round() as u64;
            return Err(NoFigure::NotCrossed {
                at_um: um,
                stations: usable.len() as u32,
                crossed: have as u32,
            });
        }
        let cuts = |station: usize| -> Vec<Vector> {
            let all = (0..self.passes as usize).map(|pass| self.cuts[pass * MOST_STATIONS + station]);
            all.map(|cut| cut.off).collect()
        };
        let worst = |figure: &dyn Fn(&[Vector]) -> f64| {
            let all = usable.iter().map(|station| (*station, figure(&cuts(*station))));
            all.fold((usable[0], -1.0), |worst, one| if one.1 > worst.1 { one } else { worst })
        };
        let along = |figure: &dyn Fn(&[Vector]) -> f64| {
            let one = |station: &usize| [self.stations[*station].arc_m, figure(&cuts(*station))];
            Repeated::along(&usable.iter().map(one).collect::<Vec<_>>())
        };
        let row = match self.what {
            OfPath::OrientationAccuracy | OfPath::OrientationRepeatability => {
                let at_stations: Vec<_> = usable.iter().map(|station| cuts(*station)).collect();
                let is_accuracy = self.what == OfPath::OrientationAccuracy;
                let of_path = if is_accuracy { OfStations::Accuracy } else { OfStations::Repeatability };
                let mut rows = orientation::path_rows(of_path, &at_stations, instrument);
                if !is_accuracy && rows.iter().all(|row| row.value == 0.0) {
                    return Err(NoFigure::AllEqual { cycles: self.passes });
                }
                for (axis, row) in rows.iter_mut().enumerate() {
                    row.repeats = along(&|vectors| {
                        of_path.figure(&vectors.iter().map(|vector| vector[axis]).collect::<Vec<_>>())
                    });
                }
                return Ok(rows);
            }
            OfPath::Accuracy => {
                let figure = |all: &[Vector]| norm(mean(all, None));
                let (station, value) = worst(&figure);
                let row = self.accuracy_row(value, &cuts(station), usable.len(), instrument);
                FigureRow { repeats: along(&figure), ..row }
            }
            OfPath::Repeatability => {
                let figure = |all: &[Vector]| repeatability(all, None);
                let (station, value) = worst(&figure);
                if value == 0.0 {
                    return Err(NoFigure::AllEqual { cycles: self.passes });
                }
                let row = self.repeatability_row(value, &cuts(station), usable.len(), instrument);
                FigureRow { repeats: along(&figure), ..row }
            }
            OfPath::Speed(statistic) => self.speed_row(statistic, &usable, instrument)?,
            OfPath::Corner(_) => return Err(NoFigure::NoReading),
        };
        Ok(vec![row])
    }

    fn accuracy_row(
        &self,
        value: f64,
        offsets_m: &[Vector],
        stations: usize,
        instrument: Option<&ReadingUncertainty>,
    ) -> FigureRow {
        let n = offsets_m.len() as u64;
        let mut row = FigureRow::bare(value, Dimension::LENGTH, n);
        if n >= 2 {
            let u = sampling_of_accuracy(offsets_m);
            row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0)]);
        } else {
            row.note = Some(Note::Once);
        }
        if let Some(instrument) = instrument {
            let sd = noise::sd_of_mean(instrument.scatter_sd(), n);
            let alone = sd * noise::largest_across(stations as u64);
            row.instrument_alone = (alone > 0.0).then_some(alone);
            row.noise_bias = noise::raised_by(value, alone);
            let [noise, resolution] = instrument.of_readings(1.0);
            row = row.with(instrument.common()).with([resolution]).with((n == 1).then_some(noise));
        }
        row
    }

    fn repeatability_row(
        &self,
        value: f64,
        cuts_m: &[Vector],
        stations: usize,
        instrument: Option<&ReadingUncertainty>,
    ) -> FigureRow {
        let n = cuts_m.len() as u64;
        let u = sampling_of_repeatability(cuts_m, value);
        let sampling = UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0);
        let mut row = FigureRow::bare(value, Dimension::LENGTH, n).with([sampling]);
        if let Some(instrument) = instrument {
            let sd = instrument.scatter_sd();
            let alone = noise::repeatability_across(sd, n)
                + noise::largest_of(stations as u64) * noise::sd_of_repeatability(sd, n);
            row.instrument_alone = (alone > 0.0).then_some(alone);
            row.noise_bias = noise::raised_by(value, alone);
        }
        row
    }

    fn speed_row(
        &self,
        statistic: SpeedStatistic,
        usable: &[usize],
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<FigureRow, NoFigure> {
        let neighbours: Vec<usize> =
            usable.windows(2).filter(|two| two[1] == two[0] + 1).map(|two| two[0]).collect();
        if neighbours.is_empty() {
            return Err(NoFigure::NoReading);
        }
        let cut = |pass: usize, station: usize| self.cuts[pass * MOST_STATIONS + station];
        let place_m =
            |pass: usize, station: usize| add(self.stations[station].point_m, cut(pass, station).off);
        let passes = 0..self.passes as usize;
        let (mut means, mut commanded, mut fluctuation) = (Vec::new(), 0.0, 0.0);
        for pass in passes {
            let speed = |from: &usize| {
                let (a, b) = (cut(pass, *from), cut(pass, from + 1));
                distance(place_m(pass, *from), place_m(pass, from + 1)) / (b.attained_s - a.attained_s)
            };
            let speeds: Vec<f64> = neighbours.iter().map(speed).collect();
            means.push(speeds.iter().sum::<f64>() / speeds.len() as f64);
            let highest = speeds.iter().copied().fold(0.0, trocar_math::max);
            let lowest = speeds.iter().copied().fold(f64::INFINITY, trocar_math::min);
            fluctuation = trocar_math::max(fluctuation, highest - lowest);
            // Both as chords, so that a bend of the path is in both.
            let of_command = |from: &usize| {
                let chord_m = distance(self.stations[*from].point_m, self.stations[from + 1].point_m);
                chord_m / (cut(pass, from + 1).commanded_s - cut(pass, *from).commanded_s)
            };
            commanded += neighbours.iter().map(of_command).sum::<f64>() / neighbours.len() as f64;
        }
        let n = means.len();
        let commanded = commanded / n as f64;
        let length_m = self.laid.every_m * neighbours.len() as f64;
        // Of a mean speed only the ends of the way are noisy; of the speed between two stations both of them.
        let sd = SQRT_2 * instrument.map_or(0.0, ReadingUncertainty::scatter_sd);
        let (of_mean, of_one) = (sd / length_m, sd / self.laid.every_m);
        let (average, spread) = mean_and_sd(&means, None);
        let dof = n as f64 - 1.0;
        let mut row = match statistic {
            SpeedStatistic::Accuracy => {
                let u = spread / (n as f64).sqrt() / commanded;
                FigureRow::bare((average - commanded) / commanded, Dimension::NUMBER, n as u64)
                    .with((n > 1).then(|| UncertaintyComponent::type_a(ComponentName::Sampling, u, dof)))
            }
            SpeedStatistic::Repeatability => {
                let value = 3.0 * spread / commanded;
                let error =
                    sampling::jackknife(n, |left_out| 3.0 * mean_and_sd(&means, left_out).1 / commanded);
                let u = sampling::of_scatter(value, error);
                let sampling = UncertaintyComponent::type_a(ComponentName::Sampling, u, dof);
                let mut row = FigureRow::bare(value, Dimension::NUMBER, n as u64).with([sampling]);
                let alone = noise::scatter_of_noise(of_mean, n as u64);
                row.instrument_alone = (alone > 0.0).then_some(alone);
                row.noise_bias = noise::raised_by(value, alone);
                row
            }
            SpeedStatistic::Fluctuation => {
                let mut row = FigureRow::bare(fluctuation, Dimension::VELOCITY, n as u64);
                let many = neighbours.len() as u64 * n as u64;
                let alone = 2.0 * noise::largest_of(many) * of_one * commanded;
                row.instrument_alone = (alone > 0.0).then_some(alone);
                row.noise_bias = noise::raised_by(fluctuation, alone);
                let u = SQRT_2 * of_one * commanded;
                row.with([UncertaintyComponent::type_b(ComponentName::InstrumentNoise, u)])
            }
        };
        row.note = (n == 1).then_some(Note::Once);
        Ok(row)
    }

    fn corner_row(
        &self,
        statistic: CornerStatistic,
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<FigureRow, NoFigure> {
        if self.corner_count == 0 {
            return Err(NoFigure::NoCorner);
        }
        let which = usize::from(statistic == CornerStatistic::Overshoot);
        let all = |corner: usize| -> Vec<f64> {
            (0..self.passes as usize)
                .map(|pass| self.at_corners[pass * MOST_CORNERS + corner][which])
                .collect()
        };
        let figures = (0..self.corner_count).map(|corner| mean_and_sd(&all(corner), None));
        let (value, sd) = figures.fold((-1.0, 0.0), |worst, one| if one.0 > worst.0 { one } else { worst });
        if !value.is_finite() {
            return Err(NoFigure::NoReading);
        }
        let n = self.passes;
        let mut row = FigureRow::bare(value, Dimension::LENGTH, u64::from(n));
        if n >= 2 {
            let u = sd / f64::from(n).sqrt();
            row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, f64::from(n) - 1.0)]);
        } else {
            row.note = Some(Note::Once);
        }
        if let Some(instrument) = instrument {
            let [noise, resolution] = instrument.of_readings(1.0);
            row = row.with(instrument.common()).with([resolution]).with((n == 1).then_some(noise));
        }
        Ok(row)
    }
}
