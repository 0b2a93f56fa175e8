//! Neural networks worked out by hand, at any size.
//!
//! For a network small enough for paper, [`derive()`] writes down every derivative, fills in every number and keeps the
//! training table. For a convolutional network of some 20,000 parameters, [`Training`] trains it on an ordinary CPU, to
//! the same bits on every thread count and instruction set, and [`Model`] is what comes of it: asked, judged, saved,
//! loaded.
//!
//! ```
//! use std::ops::ControlFlow;
//! use longhand::{Data, Model, Recipe, Training};
//!
//! // MNIST would be `Data::find()?`; these digits are drawn, so that the example needs no file.
//! let data = Data::strokes(2_000, 500);
//!
//! let run = Training::new(Recipe::named("seed")?.set("epochs", 2)?.set("learning_rate", 0.05)?)
//!     .on_epoch(|epoch| {
//!         eprintln!("epoch {} of {}: {:.1} %", epoch.epoch, epoch.epochs, 100.0 * epoch.accuracy);
//!         ControlFlow::Continue(())
//!     })
//!     .run(&data)?;
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("model.safetensors");
//! run.model.save(&path)?;
//! let model = Model::load(&path)?;
//! assert_eq!(model.weights_sha256(), run.model.weights_sha256());
//!
//! let class = model.class(data.test().image(7))?;
//! println!("a {class}, and it is a {}", data.test().label(7));
//! assert!(model.evaluate(data.test())?.accuracy() > 0.5);
//! # Ok::<(), longhand::Error>(())
//! ```
//!
//! ```
//! // The well-known 2-2-2 exercise, and any network like it.
//! let derivation = longhand::derive(longhand::SmallNetwork::default())?;
//! println!("{}", derivation.to_markdown());
//! assert_eq!(derivation.column("E_total").unwrap()[180], 0.08716614996554185);
//! # Ok::<(), longhand::Error>(())
//! ```
//!
//! The folder `examples/` has three programs: `predict`, `train_with_a_callback`, `derive_by_hand`.
//!
//! # What stays as it is
//!
//! This crate follows semantic versioning; the crates below it (`longhand-nn` and so on) are its own affair and promise
//! nothing. Before 1.0, a minor release may break what is public here, and its notes say what and why; a patch release
//! never does. What may change in any release without being called a break: the text of errors, of
//! [`Derivation::to_markdown`], [`Derivation::to_latex`] and [`Derivation::to_html`]; fields and variants added to what
//! is `#[non_exhaustive]`; built-in recipes, whose claims follow them; the least version of Rust, by a minor release. A
//! model file that one release writes, later releases read.
//!
//! The bits are part of it: the same data, recipe text and seed give the same weights in every patch release. A minor
//! release that changes them says so.
#![forbid(unsafe_code)]

mod classifier;
mod data;
mod derivation;
mod error;
mod evaluation;
mod export;
mod images;
mod model;
mod network;
mod picture;
mod predictions;
mod progress;
mod recipe;
mod small_network;
mod training;

pub use classifier::Classifier;
pub use data::Data;
pub use derivation::{Derivation, derive};
pub use error::{Error, ErrorKind};
pub use evaluation::Evaluation;
pub use export::OnnxOptions;
pub use images::Images;
pub use model::Model;
pub use network::Network;
pub use picture::{read_picture, read_picture_file};
pub use predictions::Predictions;
pub use progress::{Ended, Epoch, Step};
pub use recipe::{Recipe, Setting};
pub use small_network::{Activation, Loss, SmallNetwork};
pub use training::{Run, Training};
