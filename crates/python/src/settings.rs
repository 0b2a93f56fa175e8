//! Overrides of recipes from keyword arguments.

use longhand::Setting;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The fields and values of `overrides`; a double underscore in a name stands for the dot: `augmentation__rotation=5`.
pub fn settings(overrides: Option<&Bound<'_, PyDict>>) -> PyResult<Vec<(String, Setting)>> {
    let overrides = overrides.into_iter().flat_map(|dict| dict.iter());
    overrides.map(|(name, value)| Ok((name.extract::<String>()?.replace("__", "."), setting(&name, &value)?))).collect()
}

fn setting(name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<Setting> {
    // numpy's too, and no whole number.
    if let Ok(value) = value.extract::<bool>() {
        return Ok(value.into());
    }
    // Whole numbers of numpy are whole numbers too; a float is none, however whole.
    if let Ok(value) = value.extract::<i64>() {
        return Ok(value.into());
    }
    if let Ok(value) = value.extract::<String>() {
        return Ok(value.into());
    }
    if let Ok(value) = value.extract::<f64>() {
        return Ok(value.into());
    }
    let kind = value.get_type().name()?;
    Err(PyTypeError::new_err(format!("{name} must be a number, a word, True or False, and it is a {kind}")))
}
