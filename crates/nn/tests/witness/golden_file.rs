//! A safetensors file in `golden/`, with a record of which of its tensors a test has looked at.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::{Dtype, SafeTensors};

/// A golden file in memory.
pub struct GoldenFile {
    tensors: BTreeMap<String, (Dtype, GoldenTensor<u8>)>,
    metadata: BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
}

/// A tensor of a golden file.
#[derive(Clone)]
pub struct GoldenTensor<T> {
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// Elements, the last dimension running fastest.
    pub values: Vec<T>,
}

impl GoldenFile {
    /// Reads `golden/<name>`.
    pub fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(name);
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a safetensors header");
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let tensors = tensors
            .iter()
            .map(|(name, t)| {
                (name.to_owned(), (t.dtype(), GoldenTensor { shape: t.shape().to_vec(), values: t.data().to_vec() }))
            })
            .collect();
        GoldenFile { tensors, metadata, used: RefCell::default() }
    }

    /// The metadata by name.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Whether there is a tensor of this name; asking does not count as looking at it.
    #[allow(dead_code, reason = "not every golden file has optional tensors")]
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The names that begin with `prefix`.
    #[allow(dead_code, reason = "not every golden file is read by prefix")]
    pub fn names(&self, prefix: &str) -> Vec<String> {
        self.tensors.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// A tensor of 32-bit floats.
    pub fn f32(&self, name: &str) -> GoldenTensor<f32> {
        self.elements(name, Dtype::F32, f32::from_le_bytes)
    }

    /// A tensor of 64-bit floats.
    pub fn f64(&self, name: &str) -> GoldenTensor<f64> {
        self.elements(name, Dtype::F64, f64::from_le_bytes)
    }

    /// A tensor of bytes.
    pub fn u8(&self, name: &str) -> GoldenTensor<u8> {
        self.elements(name, Dtype::U8, u8::from_le_bytes)
    }

    fn elements<T, const BYTES: usize>(
        &self,
        name: &str,
        wanted: Dtype,
        element: impl Fn([u8; BYTES]) -> T,
    ) -> GoldenTensor<T> {
        let (dtype, tensor) = self.tensors.get(name).unwrap_or_else(|| panic!("no tensor `{name}`"));
        assert_eq!(*dtype, wanted, "type of {name}");
        self.used.borrow_mut().insert(name.to_owned());
        let (elements, rest) = tensor.values.as_chunks::<BYTES>();
        assert!(rest.is_empty(), "{name} ends within an element");
        GoldenTensor { shape: tensor.shape.clone(), values: elements.iter().map(|&bytes| element(bytes)).collect() }
    }

    /// # Panics
    /// When a tensor whose name does not begin with one of `except` has never been looked at.
    pub fn assert_all_used(&self, except: &[&str]) {
        let used = self.used.borrow();
        let left: Vec<&String> = self
            .tensors
            .keys()
            .filter(|name| !used.contains(*name) && !except.iter().any(|prefix| name.starts_with(prefix)))
            .collect();
        assert!(left.is_empty(), "{} golden tensors that no test looks at: {left:?}", left.len());
    }
}
