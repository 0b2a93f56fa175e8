//! What to type into a terminal for the same as a page does.

use std::path::{Path, PathBuf};

use longhand_data::DataChoice;
use longhand_training::{EvaluatedOn, Override};

/// Where the program puts runs that is not told where.
const USUAL_RUNS: &str = "runs";

/// The command line of a training that does what the app would, started as it was.
pub(crate) struct CommandLine {
    data: DataChoice,
    runs: PathBuf,
}

impl CommandLine {
    /// For an app on these data, with its new runs in the folder `runs`.
    pub(crate) fn new(data: DataChoice, runs: PathBuf) -> Self {
        CommandLine { data, runs }
    }

    /// For a new run of `recipe` with some of its fields changed; without a name, of the usual one.
    pub(crate) fn new_run(&self, recipe: Option<&str>, overrides: &[Override], judged_on: EvaluatedOn) -> String {
        let mut command = "longhand train".to_owned();
        if let Some(recipe) = recipe {
            command.push_str(&format!(" {}", quoted(recipe)));
        }
        // The program takes --learning-rate before every --set, and a schedule that is set whole has a rate of its own.
        let keeps_schedule = !overrides.iter().any(|change| change.path == ["schedule"]);
        for change in overrides {
            let (key, value) = (change.path.join("."), change.value.to_string());
            let value = value.trim();
            command.push_str(&match key.as_str() {
                "epochs" => format!(" --epochs {value}"),
                "seed" => format!(" --seed {value}"),
                "batch_size" => format!(" --batch-size {value}"),
                "schedule.learning_rate" if keeps_schedule => format!(" --learning-rate {value}"),
                _ => format!(" --set {}", quoted(&format!("{key}={value}"))),
            });
        }
        if judged_on == EvaluatedOn::Validation {
            command.push_str(" --validation");
        }
        match &self.data {
            DataChoice::Auto => {}
            DataChoice::Strokes => command.push_str(" --data strokes"),
            given => command.push_str(&data(given)),
        }
        if self.runs != Path::new(USUAL_RUNS) {
            command.push_str(&format!(" --runs {}", quoted_path(&self.runs)));
        }
        command
    }

    /// For the run in `folder`, which goes on.
    pub(crate) fn resumed(&self, folder: &Path) -> String {
        resume_command(folder, &self.data)
    }
}

/// What to type to go on with the run in `folder`, on data found as `choice` says.
pub fn resume_command(folder: &Path, choice: &DataChoice) -> String {
    format!("longhand train --resume {}{}", quoted_path(folder), data(choice))
}

/// Where MNIST is; that a run was on stroke digits its record says.
fn data(choice: &DataChoice) -> String {
    match choice {
        DataChoice::Folder(folder) => format!(" --data {}", quoted_path(folder)),
        DataChoice::Mnist => " --data mnist".to_owned(),
        DataChoice::Auto | DataChoice::Strokes => String::new(),
    }
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A word as shells take it.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "=._-/+,:@%".contains(c));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_app_was_started_with_is_part_of_the_command() {
        let command = |data: &str, runs: &str| CommandLine::new(data.parse().unwrap(), runs.into());
        let new = |line: CommandLine| line.new_run(Some("seed"), &["epochs=3".parse().unwrap()], EvaluatedOn::Test);
        assert_eq!(new(command("auto", "runs")), "longhand train seed --epochs 3");
        assert_eq!(new(command("strokes", "runs")), "longhand train seed --epochs 3 --data strokes");
        assert_eq!(new(command("mnist", "runs")), "longhand train seed --epochs 3 --data mnist");
        let named = "longhand train seed --epochs 3 --data '/my data/mnist' --runs 'it'\\''s here'";
        assert_eq!(new(command("/my data/mnist", "it's here")), named);
        let usual = command("/mnist", "runs").new_run(None, &[], EvaluatedOn::Validation);
        assert_eq!(usual, "longhand train --validation --data /mnist");
    }

    #[test]
    fn a_run_that_goes_on_is_one_word_of_the_command() {
        let resumed = |data: &str| CommandLine::new(data.parse().unwrap(), "r".into()).resumed(Path::new("my runs/$a"));
        assert_eq!(resumed("auto"), "longhand train --resume 'my runs/$a'");
        assert_eq!(resumed("strokes"), "longhand train --resume 'my runs/$a'", "its record says so");
        assert_eq!(resumed("/mnist"), "longhand train --resume 'my runs/$a' --data /mnist");
    }
}
