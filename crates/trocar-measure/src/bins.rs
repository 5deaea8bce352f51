//! A curve of one number over another that goes up and down, in bins whose range grows with what comes.

use serde::{Deserialize, Serialize};

/// Bins of a curve; at least half of them are used once the range has grown.
const BINS: usize = 128;

/// Readings of one direction in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub count: u64,
    of: f64,
    commanded: f64,
}

impl Cell {
    /// Means of `commanded` and `of`.
    pub fn means(&self) -> Option<(f64, f64)> {
        let n = self.count as f64;
        (self.count > 0).then(|| (self.commanded / n, self.of / n))
    }

    fn add(self, other: Cell) -> Cell {
        Cell {
            count: self.count + other.count,
            of: self.of + other.of,
            commanded: self.commanded + other.commanded,
        }
    }
}

/// The curve. Sums are of differences from its first reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bins {
    /// Up and down, in each bin.
    cells: Vec<[Cell; 2]>,
    low: f64,
    width: f64,
    first: Option<[f64; 2]>,
    /// Whether `commanded` goes down, and its turning value so far.
    down: bool,
    extreme: f64,
    before: f64,
    /// By how much `commanded` must turn back to have turned: its noise.
    turn: f64,
    of_range: [f64; 2],
}

impl Bins {
    pub fn new(turn: f64) -> Bins {
        Bins {
            cells: vec![[Cell::default(); 2]; BINS],
            low: 0.0,
            width: 0.0,
            first: None,
            down: false,
            extreme: 0.0,
            before: 0.0,
            turn,
            of_range: [0.0; 2],
        }
    }

    pub fn clear(&mut self) {
        self.cells.fill([Cell::default(); 2]);
        (self.first, self.width) = (None, 0.0);
    }

    pub fn push(&mut self, of: f64, commanded: f64) {
        let Some([first_of, first_commanded]) = self.first else {
            self.first = Some([of, commanded]);
            (self.low, self.extreme, self.before, self.of_range) = (0.0, 0.0, 0.0, [0.0; 2]);
            return;
        };
        let (of, commanded) = (of - first_of, commanded - first_commanded);
        self.of_range = [trocar_math::min(self.of_range[0], of), trocar_math::max(self.of_range[1], of)];
        let moved = commanded - self.before;
        self.before = commanded;
        // While the command stands, what creeps is no branch.
        if moved == 0.0 {
            return;
        }
        let beyond = if self.down { commanded < self.extreme } else { commanded > self.extreme };
        if beyond {
            self.extreme = commanded;
        } else if (commanded - self.extreme).abs() > self.turn {
            (self.down, self.extreme) = (!self.down, commanded);
        }
        if self.width == 0.0 {
            self.width = moved.abs();
            self.low = commanded - 0.5 * self.width * BINS as f64;
        }
        while commanded < self.low || commanded >= self.low + self.width * BINS as f64 {
            self.grow(commanded < self.low);
        }
        let place = ((commanded - self.low) / self.width).floor() as usize;
        let cell = &mut self.cells[place.min(BINS - 1)][usize::from(self.down)];
        *cell = cell.add(Cell { count: 1, of, commanded });
    }

    /// Twice as wide, downwards or upwards: two bins become one.
    fn grow(&mut self, downwards: bool) {
        let merged = |cells: &[[Cell; 2]], pair: usize| {
            [0, 1].map(|branch| cells[2 * pair][branch].add(cells[2 * pair + 1][branch]))
        };
        if downwards {
            self.low -= self.width * BINS as f64;
            for pair in (0..BINS / 2).rev() {
                self.cells[BINS / 2 + pair] = merged(&self.cells, pair);
            }
            self.cells[..BINS / 2].fill([Cell::default(); 2]);
        } else {
            for pair in 0..BINS / 2 {
                self.cells[pair] = merged(&self.cells, pair);
            }
            self.cells[BINS / 2..].fill([Cell::default(); 2]);
        }
        self.width *= 2.0;
    }

    /// The first reading, from which means count: `of`, `commanded`.
    pub fn first(&self) -> Option<[f64; 2]> {
        self.first
    }

    /// Largest minus smallest value of `of`.
    pub fn of_range(&self) -> f64 {
        self.of_range[1] - self.of_range[0]
    }

    /// Every bin in which both directions were read, those at the turning points left out: there one branch becomes the
    /// other. Each with its branches, up first; how many there are stands beside.
    pub fn both(&self) -> ([[Cell; 2]; BINS], usize) {
        let used = |cell: &[Cell; 2]| cell.iter().any(|branch| branch.count > 0);
        let first = self.cells.iter().position(used).unwrap_or(0);
        let last = self.cells.iter().rposition(used).unwrap_or(0);
        // A twentieth of the range at either end.
        let end = (last - first + 1).div_ceil(20);
        let inner = self.cells.get(first + end..(last + 1).saturating_sub(end)).unwrap_or(&[]);
        let (mut found, mut count) = ([[Cell::default(); 2]; BINS], 0);
        for cell in inner.iter().filter(|cell| cell.iter().all(|branch| branch.count > 0)) {
            found[count] = *cell;
            count += 1;
        }
        (found, count)
    }
}
