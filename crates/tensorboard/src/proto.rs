//! The messages of an event file: of TensorBoard's schema, the fields that are written here.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

/// One record of an event file.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// When, in seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Where on the horizontal axis: the epoch.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What happened.
    #[prost(oneof = "What", tags = "3, 5")]
    pub what: Option<What>,
}

/// What an event says.
#[derive(Clone, PartialEq, Oneof)]
pub enum What {
    /// The format of the file: its first event.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// Named values.
    #[prost(message, tag = "5")]
    Summary(Summary),
}

/// Named values of one step.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// A named value.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// Its name; what is before the first `/` groups.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// For which part of TensorBoard it is, where the kind does not say so.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<Metadata>,
    /// The value.
    #[prost(oneof = "Kind", tags = "2, 4, 5, 8")]
    pub kind: Option<Kind>,
}

/// What a value is.
#[derive(Clone, PartialEq, Oneof)]
pub enum Kind {
    /// A number.
    #[prost(float, tag = "2")]
    Scalar(f32),
    /// A picture.
    #[prost(message, tag = "4")]
    Image(Image),
    /// Numbers in buckets.
    #[prost(message, tag = "5")]
    Histogram(HistogramProto),
    /// Text, or anything else.
    #[prost(message, tag = "8")]
    Tensor(Tensor),
}

/// A picture.
#[derive(Clone, PartialEq, Message)]
pub struct Image {
    /// Rows.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Columns.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Channels: 1 is grey.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// A PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded: Vec<u8>,
}

/// Numbers in buckets.
#[derive(Clone, PartialEq, Message)]
pub struct HistogramProto {
    /// The least.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// The largest.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// How many.
    #[prost(double, tag = "3")]
    pub num: f64,
    /// Their sum.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// The sum of their squares.
    #[prost(double, tag = "5")]
    pub sum_squares: f64,
    /// Where each bucket ends, ascending; it begins where the one before it ends.
    #[prost(double, repeated, tag = "6")]
    pub bucket_limit: Vec<f64>,
    /// How many are in each.
    #[prost(double, repeated, tag = "7")]
    pub bucket: Vec<f64>,
}

/// A tensor of strings, the only kind that is written.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// The type of its elements: [`Tensor::STRING`], or [`Tensor::FLOAT`] where it has none.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Its shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShape>,
    /// Its elements.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
}

impl Tensor {
    /// The number of the type of 32-bit floats.
    pub const FLOAT: i32 = 1;
    /// The number of the type of strings.
    pub const STRING: i32 = 7;
}

/// A tensor's shape.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShape {
    /// Its dimensions.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dimension>,
}

/// A dimension.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// How long.
    #[prost(int64, tag = "1")]
    pub size: i64,
}

/// What TensorBoard must know about a value's series.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// For which plugin it is.
    #[prost(message, optional, tag = "1")]
    pub plugin: Option<Plugin>,
}

/// A plugin of TensorBoard, and what it is to know.
#[derive(Clone, PartialEq, Message)]
pub struct Plugin {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A message of its own.
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

/// What the hyperparameter table is told.
#[derive(Clone, PartialEq, Message)]
pub struct Hparams {
    /// Of what it is told.
    #[prost(oneof = "HparamsData", tags = "3, 4")]
    pub data: Option<HparamsData>,
}

/// Of what the hyperparameter table is told.
#[derive(Clone, PartialEq, Oneof)]
pub enum HparamsData {
    /// A run begins.
    #[prost(message, tag = "3")]
    Start(SessionStart),
    /// It has ended.
    #[prost(message, tag = "4")]
    End(SessionEnd),
}

/// A run begins.
#[derive(Clone, PartialEq, Message)]
pub struct SessionStart {
    /// Its settings by name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub hparams: BTreeMap<String, Setting>,
    /// What runs of this kind are called together.
    #[prost(string, tag = "4")]
    pub group_name: String,
    /// When, in seconds since 1970.
    #[prost(double, tag = "5")]
    pub start_time_secs: f64,
}

/// A run has ended.
#[derive(Clone, PartialEq, Message)]
pub struct SessionEnd {
    /// How: [`SessionEnd::SUCCESS`] or [`SessionEnd::FAILURE`].
    #[prost(int32, tag = "1")]
    pub status: i32,
    /// When, in seconds since 1970.
    #[prost(double, tag = "2")]
    pub end_time_secs: f64,
}

impl SessionEnd {
    /// It went well.
    pub const SUCCESS: i32 = 1;
    /// It did not.
    pub const FAILURE: i32 = 2;
}

/// A setting.
#[derive(Clone, PartialEq, Message)]
pub struct Setting {
    /// What it is set to.
    #[prost(oneof = "SettingValue", tags = "2, 3, 4")]
    pub value: Option<SettingValue>,
}

/// What a setting is set to.
#[derive(Clone, PartialEq, Oneof)]
pub enum SettingValue {
    /// A number.
    #[prost(double, tag = "2")]
    Number(f64),
    /// A word.
    #[prost(string, tag = "3")]
    Text(String),
    /// Yes or no.
    #[prost(bool, tag = "4")]
    Truth(bool),
}
