//! f32 SIMD kernels over lanes of sixteen images, each with its plain form.
