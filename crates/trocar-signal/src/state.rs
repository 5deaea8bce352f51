//! The state of components as plain 64-bit words with names.
//!
//! Everything that changes during a run lives in one flat arena of words, so that a snapshot is a copy, a fork is a
//! copy, a digest is one pass, and the first difference between two runs has a name.

use bytemuck::Pod;

/// A plain struct whose every field is one or more 8-byte words, with a name for each word.
pub trait StateWords: Pod {
    /// Adds the name of each word, in order of memory.
    fn names(out: &mut Vec<String>);
}

/// One word of state by value type.
pub trait Word: Pod {
    /// Adds `name` for each word of this field.
    fn push_names(name: &str, out: &mut Vec<String>);
}

impl Word for f64 {
    fn push_names(name: &str, out: &mut Vec<String>) {
        out.push(name.to_owned());
    }
}
impl Word for u64 {
    fn push_names(name: &str, out: &mut Vec<String>) {
        out.push(name.to_owned());
    }
}
impl Word for i64 {
    fn push_names(name: &str, out: &mut Vec<String>) {
        out.push(name.to_owned());
    }
}
impl Word for crate::time::Time {
    fn push_names(name: &str, out: &mut Vec<String>) {
        out.push(name.to_owned());
    }
}
impl<T: Word, const N: usize> Word for [T; N]
where
    [T; N]: Pod,
{
    fn push_names(name: &str, out: &mut Vec<String>) {
        for place in 0..N {
            T::push_names(&format!("{name}[{place}]"), out);
        }
    }
}

/// Declares a component's state: a `#[repr(C)]` struct of words (`f64`, `u64`, `i64`, [`crate::Time`], arrays of
/// them) that knows the names of its words. All fields start at zero.
///
/// ```
/// trocar_signal::state_words! {
///     /// What an encoder remembers.
///     pub struct EncoderState {
///         /// Counts so far.
///         pub count: i64,
///         /// When the last edge fell.
///         pub edge: trocar_signal::Time,
///     }
/// }
/// ```
#[macro_export]
macro_rules! state_words {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field_meta:meta])* $field_vis:vis $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, ::bytemuck::Pod, ::bytemuck::Zeroable)]
        #[repr(C)]
        $vis struct $name { $($(#[$field_meta])* $field_vis $field: $ty),* }

        impl $crate::state::StateWords for $name {
            fn names(out: &mut Vec<String>) {
                $(<$ty as $crate::state::Word>::push_names(stringify!($field), out);)*
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::StateWords;

    crate::state_words! {
        struct Sample { a: f64, b: [u64; 2], c: crate::Time }
    }

    #[test]
    fn every_word_has_a_name() {
        let mut names = Vec::new();
        Sample::names(&mut names);
        assert_eq!(names, ["a", "b[0]", "b[1]", "c"]);
        assert_eq!(names.len() * 8, std::mem::size_of::<Sample>());
    }
}
