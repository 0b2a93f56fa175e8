//! `longhand data fetch|verify|preview`.
use super::Exit;
use crate::arguments::DataArguments;

/// Does what was asked with the data.
pub fn run(_arguments: &DataArguments) -> anyhow::Result<Exit> {
    anyhow::bail!("not built yet")
}
