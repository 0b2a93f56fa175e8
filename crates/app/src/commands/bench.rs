//! `longhand bench`.
use super::Exit;
use crate::arguments::BenchArguments;

/// Measures.
pub fn run(_arguments: &BenchArguments) -> anyhow::Result<Exit> {
    anyhow::bail!("not built yet")
}
