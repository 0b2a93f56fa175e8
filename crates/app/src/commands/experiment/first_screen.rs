//! What a suite's share is, what of it is done, and how long the rest will take.

use longhand_kernels::Isa;
use longhand_nn::Summary;
use longhand_training::experiment::{FolderState, Launcher, Plan, PlannedRun, RunTime, finish_in, folder_state};
use longhand_training::{DataRecord, Machine, Split};
use serde_json::json;

use crate::data_source;
use crate::printer::{duration, introduction, table, table_text, thousands};

/// Everything that is known before the first run.
pub struct FirstScreen<'a> {
    /// The suite and its runs.
    pub plan: &'a Plan,
    /// The images.
    pub split: &'a Split<'a>,
    /// The runs of the share that are to be done, in order.
    pub to_do: Vec<&'a PlannedRun>,
    /// How many runs of the share there are.
    pub share: usize,
    /// Runs of the share that are done already.
    pub done: usize,
    /// What is wrong with folders of the share that are not touched.
    pub foreign: Vec<String>,
    /// What an epoch of each entry takes, where it has a run to do.
    pub times: Vec<Option<RunTime>>,
    /// Seconds until all of it is done.
    pub predicted_seconds: f64,
    slots: usize,
    to_do_by_entry: Vec<usize>,
    done_by_entry: Vec<usize>,
}

impl<'a> FirstScreen<'a> {
    /// Looks at the folders of the share.
    pub fn new(plan: &'a Plan, split: &'a Split<'a>) -> Self {
        let data = DataRecord::of(split);
        let share = plan.share();
        let entries = plan.suite.entries.len();
        let mut screen = FirstScreen {
            plan,
            split,
            to_do: Vec::new(),
            share: share.len(),
            done: 0,
            foreign: Vec::new(),
            times: vec![None; entries],
            predicted_seconds: 0.0,
            slots: 1,
            to_do_by_entry: vec![0; entries],
            done_by_entry: vec![0; entries],
        };
        for run in share {
            match folder_state(&run.folder, &run.recipe, &data) {
                FolderState::Empty | FolderState::Unfinished => {
                    screen.to_do.push(run);
                    screen.to_do_by_entry[run.entry] += 1;
                }
                FolderState::Done(_) => {
                    screen.done += 1;
                    screen.done_by_entry[run.entry] += 1;
                }
                FolderState::Foreign(why) => screen.foreign.push(why),
            }
        }
        screen
    }

    /// How many runs go on at once.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How many runs of each entry are to be done.
    pub fn to_do_by_entry(&self) -> &[usize] {
        &self.to_do_by_entry
    }

    /// Takes in what an epoch of each entry takes.
    pub fn predict(&mut self, times: Vec<Option<RunTime>>, at_once: usize) {
        self.times = times;
        self.slots = at_once;
        let seconds: Vec<f64> = self.to_do.iter().map(|run| self.run_seconds(run)).collect();
        self.predicted_seconds = finish_in(&seconds, at_once);
    }

    /// What `run` is predicted to take.
    pub fn run_seconds(&self, run: &PlannedRun) -> f64 {
        self.times[run.entry].map_or(0.0, |time| time.of_run(run.recipe.epochs))
    }

    /// The screen.
    pub fn text(&self, said_by: Option<Launcher>, isa: Isa, deal: &[usize]) -> String {
        let suite = &self.plan.suite;
        let header = ["entry", "parameters", "multiply-adds", "epochs", "done", "to do", "s an epoch", "a run"];
        let mut rows = table(&header, &[1, 2, 3, 4, 5, 6, 7]);
        for (i, entry) in suite.entries.iter().enumerate() {
            let summary = Summary::of(&entry.recipe.network).expect("checked with the suite");
            let time = self.times[i];
            rows.add_row([
                entry.name.clone(),
                thousands(summary.parameters()),
                thousands(summary.multiply_adds()),
                entry.recipe.epochs.to_string(),
                self.done_by_entry[i].to_string(),
                self.to_do_by_entry[i].to_string(),
                time.map_or(String::new(), |t| format!("{:.2}", t.of_epoch())),
                time.map_or(String::new(), |t| duration(t.of_run(entry.recipe.epochs))),
            ]);
        }
        let mut lines = vec![introduction(&suite.name, &suite.about), String::new(), table_text(&rows), String::new()];
        lines.push(format!("machine  {}, {isa}, {}", Machine::here().cpu, at_once(deal)));
        lines.push(format!("data     {}", data_source::describe(self.split.data)));
        lines.push(format!(
            "split    trained on {}, judged on {} {} images",
            thousands(self.split.train.len()),
            thousands(self.split.evaluation.len()),
            self.split.evaluated_on.name()
        ));
        lines.push(format!("folder   {}", self.plan.folder.display()));
        if self.plan.shard.is_part() {
            let source = said_by.map_or(String::new(), |launcher| format!(", as {launcher} say"));
            lines.push(format!("share    {} of {} runs{source}", self.plan.shard, self.plan.runs.len()));
        }
        let kinds = format!("{} entries × {} seeds", suite.entries.len(), suite.seeds.len());
        let foreign = match self.foreign.len() {
            0 => String::new(),
            n => format!(", {n} in the way of something else"),
        };
        let here =
            if self.plan.shard.is_part() { format!("{} of them here", self.share) } else { "all here".to_owned() };
        lines.push(format!("runs     {kinds}, {here}: {} done, {} to do{foreign}", self.done, self.to_do.len()));
        lines.extend(self.foreign.iter().map(|why| format!("         {why}")));
        if !self.to_do.is_empty() {
            lines.push(format!(
                "time     about {}, until {}",
                duration(self.predicted_seconds),
                end(self.predicted_seconds)
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// The plan for programs.
    pub fn json(&self) -> serde_json::Value {
        let names = |runs: &[&PlannedRun]| runs.iter().map(|r| r.name()).collect::<Vec<_>>();
        json!({
            "suite": self.plan.suite.name,
            "evaluated_on": self.split.evaluated_on,
            "folder": self.plan.folder,
            "shard": self.plan.shard.to_string(),
            "runs": self.plan.runs.len(),
            "share": self.share,
            "done": self.done,
            "to_do": names(&self.to_do),
            "in_the_way": self.foreign,
            "predicted_seconds": self.predicted_seconds,
        })
    }
}

fn at_once(deal: &[usize]) -> String {
    match deal {
        [one] => format!("one run at once on {one} threads"),
        several => {
            let threads = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("{} runs at once on {threads} threads", several.len())
        }
    }
}

/// The time of day so many seconds from now, with the day where it is another.
fn end(seconds: f64) -> String {
    let now = jiff::Zoned::now();
    let span = jiff::SignedDuration::from_secs(seconds.min(1e9) as i64);
    let Ok(then) = now.checked_add(span) else { return "a distant day".to_owned() };
    let format = if then.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    then.strftime(format).to_string()
}
