//! Numbers, layer sizes and samples as people type them into a flag or a field.

use std::str::FromStr;

use crate::spec::Sample;

/// Numbers separated by commas.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers(pub Vec<f64>);

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            part.trim().parse().map_err(|_| {
                format!("`{}` is no number; write numbers with commas between them, as in .05,.10", part.trim())
            })
        };
        text.split(',').map(number).collect::<Result<_, _>>().map(Numbers)
    }
}

/// Layer sizes: `2-2-2` or `2,2,2`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes(pub Vec<usize>);

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = |part: &str| {
            part.trim().parse().map_err(|_| {
                format!("`{}` is no layer size; write sizes with hyphens between them, as in 2-3-2", part.trim())
            })
        };
        text.split(['-', ',']).map(size).collect::<Result<_, _>>().map(Sizes)
    }
}

/// `INPUTS:TARGETS`.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleText(pub Sample);

impl FromStr for SampleText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (inputs, targets) = text
            .split_once(':')
            .ok_or_else(|| format!("`{text}` has no colon between inputs and targets, as in .05,.10:.01,.99"))?;
        let (Numbers(inputs), Numbers(targets)) = (inputs.parse()?, targets.parse()?);
        Ok(SampleText(Sample { inputs, targets }))
    }
}
