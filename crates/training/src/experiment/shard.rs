//! Which of a suite's runs are this process's share.

use std::fmt;
use std::str::FromStr;

/// Share `index` of `of` shares: every `of`-th run of the list, beginning with the `index`-th.
///
/// Runs are listed entry by entry, each entry's seeds in order, so that long and short entries are dealt out evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

/// Who said which share this process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launcher {
    /// `OMPI_COMM_WORLD_RANK` and `OMPI_COMM_WORLD_SIZE`.
    OpenMpi,
    /// `PMI_RANK` and `PMI_SIZE`, as MPICH and its relatives set them.
    Mpich,
    /// `SLURM_PROCID` and `SLURM_NTASKS`, as srun sets them.
    Slurm,
}

/// A share that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// Not two numbers, or not such that one is a share of the other.
    #[error("`{0}` is no share: write I/N with 1 ≤ I ≤ N, such as 1/4 for the first of four")]
    NotAShare(String),
    /// One of the two variables is missing.
    #[error(
        "the environment has {there} and no {missing}: it is half of what says which share to run; set both or --shard"
    )]
    Half {
        /// The variable that is set.
        there: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// The variables are no numbers, or the rank is not below the size.
    #[error(
        "{rank_name}={rank} and {size_name}={size} cannot be: a rank is a number from 0 to the size less 1; --shard says it by hand"
    )]
    Impossible {
        /// The variable of the rank.
        rank_name: &'static str,
        /// The rank as found.
        rank: String,
        /// The variable of the size.
        size_name: &'static str,
        /// The size as found.
        size: String,
    },
    /// Two launchers say different things.
    #[error(
        "{first} says that this is share {first_shard} and {second} says {second_shard}: set --shard, or clear one of them"
    )]
    Contradiction {
        /// One of them.
        first: Launcher,
        /// What it says.
        first_shard: Shard,
        /// The other.
        second: Launcher,
        /// What that says.
        second_shard: Shard,
    },
}

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard { index: 1, of: 1 };

    /// Share `index` of `of`, counted from 1; `None` where that cannot be.
    pub fn new(index: usize, of: usize) -> Option<Self> {
        (1..=of).contains(&index).then_some(Shard { index, of })
    }

    /// Whether run `position` of the list, counted from 0, is in this share.
    pub fn takes(self, position: usize) -> bool {
        position % self.of == self.index - 1
    }

    /// Whether there are other shares.
    pub fn is_part(self) -> bool {
        self.of > 1
    }

    /// The share that the environment gives this process, if it gives it one; `variable` looks a variable up.
    ///
    /// Slurm's variables are those of the program that Slurm itself started: they count where no MPI says more, and not
    /// in a batch script (a job without a step), whose own process would be task 0 of all tasks.
    ///
    /// # Errors
    /// Variables that are half-set, are no rank and size, or contradict each other.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<(Shard, Launcher)>, ShardError> {
        let pair = |launcher: Launcher| -> Result<Option<(Shard, Launcher)>, ShardError> {
            let (rank_name, size_name) = launcher.variables();
            match (variable(rank_name), variable(size_name)) {
                (None, None) => Ok(None),
                (Some(_), None) => Err(ShardError::Half { there: rank_name, missing: size_name }),
                (None, Some(_)) => Err(ShardError::Half { there: size_name, missing: rank_name }),
                (Some(rank), Some(size)) => {
                    let shard =
                        (|| Shard::new(rank.trim().parse::<usize>().ok()?.checked_add(1)?, size.trim().parse().ok()?))(
                        );
                    let impossible = ShardError::Impossible { rank_name, rank, size_name, size };
                    shard.map(|shard| Some((shard, launcher))).ok_or(impossible)
                }
            }
        };
        match (pair(Launcher::OpenMpi)?, pair(Launcher::Mpich)?) {
            (Some((first_shard, first)), Some((second_shard, second))) if first_shard != second_shard => {
                Err(ShardError::Contradiction { first, first_shard, second, second_shard })
            }
            (Some(found), _) | (None, Some(found)) => Ok(Some(found)),
            (None, None) => {
                let (rank_name, _) = Launcher::Slurm.variables();
                let in_job = variable("SLURM_JOB_ID").is_some();
                let in_step = variable("SLURM_STEP_ID").is_some();
                // An allocation's shell knows how many tasks there may be, and is none of them.
                let outside = in_job && (!in_step || variable(rank_name).is_none());
                if outside { Ok(None) } else { pair(Launcher::Slurm) }
            }
        }
    }
}

impl Launcher {
    fn variables(self) -> (&'static str, &'static str) {
        match self {
            Launcher::OpenMpi => ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
            Launcher::Mpich => ("PMI_RANK", "PMI_SIZE"),
            Launcher::Slurm => ("SLURM_PROCID", "SLURM_NTASKS"),
        }
    }
}

impl fmt::Display for Launcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rank, size) = self.variables();
        let name = match self {
            Launcher::OpenMpi => "Open MPI",
            Launcher::Mpich => "MPICH (PMI)",
            Launcher::Slurm => "Slurm",
        };
        write!(f, "{name} ({rank}, {size})")
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let shard = text.split_once('/').and_then(|(index, of)| Shard::new(index.parse().ok()?, of.parse().ok()?));
        shard.ok_or_else(|| ShardError::NotAShare(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_in_exactly_one_share_and_shares_differ_by_one_run_at_most() {
        for of in 1..=9 {
            for runs in [0, 1, 2, 8, 9, 10, 36] {
                let sizes: Vec<usize> =
                    (1..=of).map(|i| (0..runs).filter(|&r| Shard::new(i, of).unwrap().takes(r)).count()).collect();
                assert_eq!(sizes.iter().sum::<usize>(), runs);
                assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
                for run in 0..runs {
                    assert_eq!((1..=of).filter(|&i| Shard::new(i, of).unwrap().takes(run)).count(), 1);
                }
            }
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "1/0", "1", "/", "1/x", "-1/3", "1/3/5", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    fn environment(set: &[(&str, &str)]) -> Result<Option<(Shard, Launcher)>, ShardError> {
        Shard::from_environment(|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn each_launcher_is_understood() {
        let found = |set| environment(set).unwrap();
        assert_eq!(found(&[]), None);
        let open_mpi = [("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "2")];
        assert_eq!(found(&open_mpi), Some((Shard { index: 1, of: 2 }, Launcher::OpenMpi)));
        assert_eq!(found(&[("PMI_RANK", "3"), ("PMI_SIZE", "4")]), Some((Shard { index: 4, of: 4 }, Launcher::Mpich)));
        let slurm = [("SLURM_PROCID", "1"), ("SLURM_NTASKS", "3")];
        assert_eq!(found(&slurm), Some((Shard { index: 2, of: 3 }, Launcher::Slurm)));
        let step = [&slurm[..], &[("SLURM_JOB_ID", "7"), ("SLURM_STEP_ID", "0")]].concat();
        assert_eq!(found(&step), Some((Shard { index: 2, of: 3 }, Launcher::Slurm)));
    }

    #[test]
    fn mpirun_inside_a_slurm_job_counts_mpis_ranks_and_a_batch_script_is_no_task() {
        let batch = [("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4"), ("SLURM_JOB_ID", "7")];
        assert_eq!(environment(&batch), Ok(None));
        assert_eq!(
            environment(&[("SLURM_NTASKS", "4"), ("SLURM_JOB_ID", "7")]),
            Ok(None),
            "the shell of an allocation"
        );
        let ranks = [&batch[..], &[("OMPI_COMM_WORLD_RANK", "3"), ("OMPI_COMM_WORLD_SIZE", "4")]].concat();
        assert_eq!(environment(&ranks), Ok(Some((Shard { index: 4, of: 4 }, Launcher::OpenMpi))));
    }

    #[test]
    fn half_of_it_nonsense_and_contradictions_are_refused_by_name() {
        let message = |set: &[(&str, &str)]| environment(set).unwrap_err().to_string();
        assert!(message(&[("OMPI_COMM_WORLD_RANK", "0")]).contains("no OMPI_COMM_WORLD_SIZE"));
        assert!(message(&[("PMI_SIZE", "2")]).contains("no PMI_RANK"));
        assert!(message(&[("SLURM_PROCID", "2")]).contains("no SLURM_NTASKS"));
        assert!(message(&[("PMI_RANK", "2"), ("PMI_SIZE", "2")]).contains("PMI_RANK=2 and PMI_SIZE=2 cannot be"));
        assert!(message(&[("PMI_RANK", "-1"), ("PMI_SIZE", "two")]).contains("PMI_SIZE=two"));
        let both = [("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "2"), ("PMI_RANK", "1"), ("PMI_SIZE", "2")];
        assert!(message(&both).contains("share 1/2") && message(&both).contains("2/2"), "{}", message(&both));
    }
}
