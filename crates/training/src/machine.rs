//! What the machine is, for records and the machine line.

use serde::{Deserialize, Serialize};

/// The machine a run was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name, where the system tells.
    pub cpu: String,
    /// Logical processors.
    pub cores: usize,
    /// Operating system and architecture, such as `linux x86_64`.
    pub platform: String,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| {
            let line = info.lines().find(|l| l.starts_with("model name") || l.starts_with("Model"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
        Machine {
            cpu: cpu.unwrap_or_else(|| "unknown processor".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}
