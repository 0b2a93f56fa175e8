//! MNIST files, built-in stroke digits, augmentation, batches.
#![forbid(unsafe_code)]
