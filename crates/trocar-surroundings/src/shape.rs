//! Shapes that something can touch, on parry's geometry.

use std::collections::BTreeMap;

use nalgebra::Vector3;
use parry3d_f64::math::Vector;
use parry3d_f64::shape::{SharedShape, TriMesh, TriMeshFlags};
use thiserror::Error;

/// Why there is no such shape.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ShapeError {
    /// A length is not above zero, or not finite.
    #[error("its {what} is {value_m} m and must be above zero")]
    Length {
        /// Which.
        what: &'static str,
        /// Its value, m.
        value_m: f64,
    },
    /// A vertex has a coordinate that is not finite, or a triangle names one that is not there.
    #[error("triangle {triangle} of the mesh names a vertex that is not there or not finite")]
    Vertex {
        /// Its place in the list, from 0.
        triangle: usize,
    },
    /// An edge belongs to one triangle only, or to more than two.
    #[error(
        "the mesh is not closed: the edge between ({:.4}, {:.4}, {:.4}) m and ({:.4}, {:.4}, {:.4}) m belongs to {triangles} of its triangles, and must belong to two. What is inside and what outside is not known; close the hole and export it again",
        ends[0][0], ends[0][1], ends[0][2], ends[1][0], ends[1][1], ends[1][2]
    )]
    Open {
        /// Both ends of the edge, m.
        ends: [[f64; 3]; 2],
        /// How many triangles it belongs to.
        triangles: usize,
    },
    /// Two neighbours run through their edge in the same direction.
    #[error(
        "two triangles of the mesh that share the edge between ({:.4}, {:.4}, {:.4}) m and ({:.4}, {:.4}, {:.4}) m face opposite ways: turn one of them over (most programs call it \"recalculate normals\")",
        ends[0][0], ends[0][1], ends[0][2], ends[1][0], ends[1][1], ends[1][2]
    )]
    Mixed {
        /// Both ends of the edge, m.
        ends: [[f64; 3]; 2],
    },
    /// All triangles face inwards.
    #[error(
        "the mesh is turned inside out: its triangles must run counter-clockwise seen from outside; flip them all"
    )]
    Inverted,
    /// What the geometry library says.
    #[error("{0}")]
    Mesh(String),
}

/// A shape in its own frame. Half-space: all below z = 0. Capsule and cylinder: along z about the origin.
#[derive(Clone)]
pub struct Shape {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    HalfSpace,
    Solid(SharedShape),
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::HalfSpace => write!(f, "Shape::HalfSpace"),
            Kind::Solid(shape) => write!(f, "Shape::{:?}", shape.shape_type()),
        }
    }
}

/// Where a point stands against a shape, in the shape's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Distance to the surface, negative inside, m.
    pub distance_m: f64,
    /// Unit normal, outwards: the gradient of the distance.
    pub normal: Vector3<f64>,
}

/// Closer to the surface than this the direction to it says nothing, m.
const ON_SURFACE_M: f64 = 1e-12;

impl Shape {
    /// All below the plane z = 0: a floor.
    #[must_use]
    pub fn half_space() -> Self {
        Self { kind: Kind::HalfSpace }
    }

    /// A box of these half lengths along x, y and z.
    ///
    /// # Errors
    /// A length not above zero.
    pub fn cuboid(half_lengths_m: [f64; 3]) -> Result<Self, ShapeError> {
        for value in half_lengths_m {
            length("half length", value)?;
        }
        let [x, y, z] = half_lengths_m;
        Ok(Self::solid(SharedShape::cuboid(x, y, z)))
    }

    /// A sphere.
    ///
    /// # Errors
    /// A radius not above zero.
    pub fn ball(radius_m: f64) -> Result<Self, ShapeError> {
        Ok(Self::solid(SharedShape::ball(length("radius", radius_m)?)))
    }

    /// A cylinder with round ends; its axis reaches from −half length to +half length.
    ///
    /// # Errors
    /// A length not above zero.
    pub fn capsule(half_length_m: f64, radius_m: f64) -> Result<Self, ShapeError> {
        let (half, radius) = (length("half length", half_length_m)?, length("radius", radius_m)?);
        Ok(Self::solid(SharedShape::capsule_z(half, radius)))
    }

    /// A closed mesh of triangles that run counter-clockwise seen from outside.
    ///
    /// # Errors
    /// See [`ShapeError`].
    pub fn mesh(vertices_m: &[[f64; 3]], triangles: &[[u32; 3]]) -> Result<Self, ShapeError> {
        check_mesh(vertices_m, triangles)?;
        let vertices = vertices_m.iter().map(|&[x, y, z]| Vector::new(x, y, z)).collect();
        let mesh = TriMesh::with_flags(vertices, triangles.to_vec(), TriMeshFlags::ORIENTED);
        let mesh = mesh.map_err(|e| ShapeError::Mesh(e.to_string()))?;
        Ok(Self::solid(SharedShape::new(mesh)))
    }

    fn solid(shape: SharedShape) -> Self {
        Self { kind: Kind::Solid(shape) }
    }

    /// The surface's nearest point, seen from a point in the shape's frame.
    #[must_use]
    pub fn nearest(&self, point_m: &Vector3<f64>) -> Nearest {
        let shape = match &self.kind {
            Kind::HalfSpace => return Nearest { distance_m: point_m.z, normal: Vector3::z() },
            Kind::Solid(shape) => shape,
        };
        let found = shape.project_local_point(Vector::new(point_m.x, point_m.y, point_m.z), false);
        let away = point_m - Vector3::new(found.point.x, found.point.y, found.point.z);
        let length = away.norm();
        let sign = if found.is_inside { -1.0 } else { 1.0 };
        if length > ON_SURFACE_M {
            return Nearest { distance_m: sign * length, normal: away * (sign / length) };
        }
        // On the surface itself: away from the shape's origin, which lies inside every solid but a mesh.
        let outwards = point_m.try_normalize(ON_SURFACE_M).unwrap_or_else(Vector3::z);
        Nearest { distance_m: 0.0, normal: outwards }
    }
}

fn length(what: &'static str, value_m: f64) -> Result<f64, ShapeError> {
    if value_m > 0.0 && value_m.is_finite() { Ok(value_m) } else { Err(ShapeError::Length { what, value_m }) }
}

fn check_mesh(vertices_m: &[[f64; 3]], triangles: &[[u32; 3]]) -> Result<(), ShapeError> {
    let mut edges: BTreeMap<(u32, u32), (usize, i64)> = BTreeMap::new();
    let mut volume = 0.0;
    for (place, triangle) in triangles.iter().enumerate() {
        let corner = |i: usize| {
            let vertex = vertices_m.get(triangle[i] as usize)?;
            vertex.iter().all(|x| x.is_finite()).then(|| Vector3::from(*vertex))
        };
        let (Some(a), Some(b), Some(c)) = (corner(0), corner(1), corner(2)) else {
            return Err(ShapeError::Vertex { triangle: place });
        };
        volume += a.dot(&b.cross(&c)) / 6.0;
        for i in 0..3 {
            let (from, to) = (triangle[i], triangle[(i + 1) % 3]);
            let (key, direction) = if from < to { ((from, to), 1) } else { ((to, from), -1) };
            let edge = edges.entry(key).or_default();
            edge.0 += 1;
            edge.1 += direction;
        }
    }
    for ((from, to), (count, sum)) in edges {
        let ends = [vertices_m[from as usize], vertices_m[to as usize]];
        if count != 2 {
            return Err(ShapeError::Open { ends, triangles: count });
        }
        if sum != 0 {
            return Err(ShapeError::Mixed { ends });
        }
    }
    if volume > 0.0 { Ok(()) } else { Err(ShapeError::Inverted) }
}
