//! Rebuilds the crate when a file of the built-in library appears or goes: `include_dir!` alone sees only changes of
//! files that were there.

fn main() {
    println!("cargo:rerun-if-changed=../../scenes");
    println!("cargo:rerun-if-changed=../../scenarios");
}
