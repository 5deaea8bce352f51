#![allow(missing_docs)]
use schemars::JsonSchema; use serde::{Deserialize, Serialize};
macro_rules! s { ($($n:ident),*) => { $( #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)] #[serde(deny_unknown_fields)] pub struct $n { #[serde(default)] pub x: u8 } )* } }
s!(ArmConfig, ServoConfig, SupervisorConfig);
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)] pub struct FaultConfig { pub name: String, pub target: String }
impl FaultConfig { pub fn check(&self) -> Vec<trocar_signal::Problem> { vec![] } }
