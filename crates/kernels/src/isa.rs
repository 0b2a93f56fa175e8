//! Which instruction set the fast kernels use: detected once, kept as a value, passed to every kernel.

use std::fmt;

/// An instruction set that this CPU has. Holding one with a fast form is the proof that the CPU can run it.
#[derive(Clone, Copy, Debug)]
pub enum Isa {
    /// The plain form: nested scalar loops, specification and oracle, slow.
    Plain,
    /// AVX2 with fused multiply-add: eight lanes at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2(fearless_simd::x86::Avx2),
    /// AVX-512 (Ice Lake's set and later): sixteen lanes at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512(fearless_simd::x86::Avx512),
    /// NEON: four lanes at a time.
    #[cfg(target_arch = "aarch64")]
    Neon(fearless_simd::aarch64::Neon),
}

/// The name given to [`Isa::from_name`] is unknown, or this CPU does not have that instruction set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownIsa {
    /// The name asked for.
    pub name: String,
}

impl fmt::Display for UnknownIsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here: Vec<_> = Isa::available().iter().map(|isa| isa.name()).collect();
        write!(f, "instruction set `{}` is not to be had on this machine; it has: {}", self.name, here.join(", "))
    }
}

impl std::error::Error for UnknownIsa {}

impl Isa {
    /// The fastest instruction set of this CPU.
    pub fn detect() -> Isa {
        Isa::available()[0]
    }

    /// Every instruction set of this CPU, the fastest first, the plain form last.
    pub fn available() -> Vec<Isa> {
        let level = fearless_simd::Level::new();
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            found.extend(level.as_avx512().map(Isa::Avx512));
            found.extend(level.as_avx2().map(Isa::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        found.extend(level.as_neon().map(Isa::Neon));
        let _ = level;
        found.push(Isa::Plain);
        found
    }

    /// The instruction set of that name (`avx512`, `avx2`, `neon`, `plain`).
    ///
    /// # Errors
    /// When the name is unknown or this CPU lacks it; the message lists what it has.
    pub fn from_name(name: &str) -> Result<Isa, UnknownIsa> {
        Isa::available().into_iter().find(|isa| isa.name() == name).ok_or_else(|| UnknownIsa { name: name.to_owned() })
    }

    /// The name that [`Isa::from_name`] takes.
    pub const fn name(&self) -> &'static str {
        match self {
            Isa::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(_) => "neon",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Runs the plain expression for [`Isa::Plain`], and the fast one, with `$simd` bound to its token, for the others.
///
/// The plain form is compiled with hardware fused multiply-add where the CPU has it: without it `f32::mul_add` is a
/// library call per element, with the same bits.
macro_rules! dispatch {
    ($isa:expr, plain => $plain:expr, $simd:ident => $fast:expr $(,)?) => {
        match $isa {
            $crate::Isa::Plain => $crate::isa::with_fused_multiply_add(
                #[inline(always)]
                || $plain,
            ),
            #[cfg(target_arch = "x86_64")]
            $crate::Isa::Avx2($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $fast,
            ),
            #[cfg(target_arch = "x86_64")]
            $crate::Isa::Avx512($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $fast,
            ),
            #[cfg(target_arch = "aarch64")]
            $crate::Isa::Neon($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $fast,
            ),
        }
    };
}
pub(crate) use dispatch;

/// Runs `plain` compiled for hardware fused multiply-add where this CPU has it, else as the baseline compiles it.
#[inline(always)]
pub(crate) fn with_fused_multiply_add<R>(plain: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = fearless_simd::Level::new().as_avx2() {
        return fearless_simd::Simd::vectorize(avx2, plain);
    }
    plain()
}

#[cfg(test)]
mod tests {
    use super::Isa;

    #[test]
    fn every_name_leads_back_to_its_isa() {
        for isa in Isa::available() {
            assert_eq!(Isa::from_name(isa.name()).unwrap().name(), isa.name());
        }
        let message = Isa::from_name("mmx").unwrap_err().to_string();
        assert!(message.contains("mmx") && message.contains("plain"), "{message}");
    }
}
