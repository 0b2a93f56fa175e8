//! A suite as data: which recipes, with what changed, from which seeds, judged on what.

use std::path::Path;

use serde::Deserialize;
use toml::Value;

use super::suite_error::SuiteError;
use crate::builtin::{self, BUILT_IN_SUITES, BuiltInSuite};
use crate::overrides::Override;
use crate::recipe::{MAX_SEED, Recipe, check_name};
use crate::recipe_error::{Place, RecipeError, Step};
use crate::split::EvaluatedOn;

/// More entries or seeds than this are taken for a slip.
const MOST: usize = 1_000;
/// The largest suite or recipe file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// A checked suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// What its folder is named after.
    pub name: String,
    /// One sentence for people.
    pub about: String,
    /// The seeds each entry is run from, in order, no two the same.
    pub seeds: Vec<u64>,
    /// What runs are judged on.
    pub evaluated_on: EvaluatedOn,
    /// What is run, in the suite's order.
    pub entries: Vec<SuiteEntry>,
}

/// One recipe of a suite.
#[derive(Clone, Debug, PartialEq)]
pub struct SuiteEntry {
    /// What it is called here; no two the same.
    pub name: String,
    /// The recipe with the suite's and the entry's overrides; its `reason` is the entry's where that has one.
    pub recipe: Recipe,
    /// The recipe as it is without any of those.
    pub base: Recipe,
}

/// What is asked for beside the suite, at the command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SuiteChanges {
    /// These seeds instead of the suite's.
    pub seeds: Option<Vec<u64>>,
    /// Overrides for all entries; one that the suite sets for all gives way, one that an entry sets is a clash.
    pub set: Vec<Override>,
    /// Judged on these images instead.
    pub evaluated_on: Option<EvaluatedOn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuiteFile {
    name: String,
    #[serde(default)]
    about: String,
    seeds: Value,
    #[serde(default = "yes")]
    validation: bool,
    #[serde(default)]
    set: Vec<String>,
    #[serde(default)]
    entry: Vec<EntryFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    name: Option<String>,
    recipe: String,
    reason: Option<String>,
    #[serde(default)]
    set: Vec<String>,
}

fn yes() -> bool {
    true
}

/// An override and where it was asked for.
#[derive(Clone)]
struct Placed {
    change: Override,
    text: String,
    /// `None` at the command line.
    place: Option<Place>,
}

impl Suite {
    /// Reads the built-in suite of that name, else the file of that name.
    ///
    /// # Errors
    /// A name that is neither, a file that cannot be read, a suite that cannot be carried out.
    pub fn load(name: &str, changes: &SuiteChanges) -> Result<Suite, SuiteError> {
        if let Some(suite) = BUILT_IN_SUITES.iter().find(|s| s.name == name) {
            return Suite::built_in(suite, changes);
        }
        let path = Path::new(name);
        if !path.exists() {
            let names = BUILT_IN_SUITES.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
            let message =
                format!("there is no suite `{name}`: the built-in ones are {names}, and no file has that name");
            return Err(SuiteError::new(message));
        }
        let text = read("suite", path).map_err(SuiteError::new)?;
        Suite::from_toml(name, &text, path.parent().unwrap_or(Path::new("")), changes)
    }

    /// Reads a built-in suite.
    ///
    /// # Errors
    /// When `changes` do not fit it.
    pub fn built_in(suite: &BuiltInSuite, changes: &SuiteChanges) -> Result<Suite, SuiteError> {
        Suite::from_toml(suite.name, suite.text, Path::new(""), changes)
    }

    /// Reads a suite from the TOML `text` of `file` (a name for messages), whose recipe files are relative to `folder`.
    ///
    /// # Errors
    /// A slip in the file or in a recipe, shown with its line; a clash of overrides, shown with both of its places.
    pub fn from_toml(file: &str, text: &str, folder: &Path, changes: &SuiteChanges) -> Result<Suite, SuiteError> {
        let source = Source { file, text, folder };
        let suite: SuiteFile = toml::from_str(text).map_err(|e| RecipeError::parse(file, text, &e))?;
        source.check_name(&suite.name, &[Step::Key("name")])?;
        let seeds = seeds(&suite.seeds).map_err(|message| source.at(&[Step::Key("seeds")], message))?;
        if suite.entry.is_empty() || suite.entry.len() > MOST {
            let message = format!(
                "a suite has from 1 to {MOST} entries, each under a line [[entry]], and this has {}",
                suite.entry.len()
            );
            return Err(source.at(&[Step::Key("entry")], message));
        }
        let typed: Vec<Placed> = changes
            .set
            .iter()
            .map(|change| Placed {
                change: change.clone(),
                text: format!("{}={}", change.path.join("."), change.value),
                place: None,
            })
            .collect();
        for placed in &typed {
            refuse_reserved(&placed.change, &placed.text).map_err(SuiteError::new)?;
        }
        refuse_clashes(&typed)?;
        let mut for_all = source.overrides(&[Step::Key("set")], &suite.set)?;
        refuse_clashes(&for_all)?;
        for_all.retain(|own| !typed.iter().any(|t| t.change.path == own.change.path));
        for_all.extend(typed);
        let entries: Vec<SuiteEntry> =
            suite.entry.iter().enumerate().map(|(i, e)| source.entry(i, e, &for_all)).collect::<Result<_, _>>()?;
        for (i, entry) in entries.iter().enumerate() {
            // Folders of some systems do not tell capitals from small letters.
            if let Some(j) = entries[..i].iter().position(|e| e.name.eq_ignore_ascii_case(&entry.name)) {
                let message = format!("two entries are called {:?}: give one of them a name of its own", entry.name);
                return Err(source
                    .at(&[Step::Key("entry"), Step::Index(j), name_or_recipe(&suite.entry[j])], message)
                    .and(source.place(&[Step::Key("entry"), Step::Index(i), name_or_recipe(&suite.entry[i])])));
            }
        }
        let own = if suite.validation { EvaluatedOn::Validation } else { EvaluatedOn::Test };
        Ok(Suite {
            name: suite.name,
            about: suite.about,
            seeds: changes.seeds.clone().unwrap_or(seeds),
            evaluated_on: changes.evaluated_on.unwrap_or(own),
            entries,
        })
    }
}

fn name_or_recipe(entry: &EntryFile) -> Step {
    Step::Key(if entry.name.is_some() { "name" } else { "recipe" })
}

/// The file a suite is read from.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
    folder: &'a Path,
}

impl Source<'_> {
    fn place(&self, path: &[Step]) -> Option<Place> {
        Place::at(self.file, self.text, path)
    }

    fn at(&self, path: &[Step], message: String) -> SuiteError {
        SuiteError::new(message).and(self.place(path))
    }

    fn check_name(&self, name: &str, path: &[Step]) -> Result<(), SuiteError> {
        check_name(name).map_err(|message| self.at(path, message))?;
        if name.starts_with('.') {
            return Err(self.at(path, format!("name {name:?} cannot be: it must not begin with a dot")));
        }
        Ok(())
    }

    fn overrides(&self, path: &[Step], set: &[String]) -> Result<Vec<Placed>, SuiteError> {
        let one = |(i, text): (usize, &String)| {
            let path = [path, &[Step::Index(i)]].concat();
            let change: Override = text.parse().map_err(|e| SuiteError::from(e).and(self.place(&path)))?;
            refuse_reserved(&change, text).map_err(|message| self.at(&path, message))?;
            Ok(Placed { change, text: text.clone(), place: self.place(&path) })
        };
        set.iter().enumerate().map(one).collect()
    }

    fn entry(&self, index: usize, entry: &EntryFile, for_all: &[Placed]) -> Result<SuiteEntry, SuiteError> {
        let at = |key| [Step::Key("entry"), Step::Index(index), Step::Key(key)];
        let (file, text) = self.recipe(&entry.recipe).map_err(|message| self.at(&at("recipe"), message))?;
        let own = self.overrides(&at("set"), &entry.set)?;
        let all: Vec<Placed> = for_all.iter().chain(&own).cloned().collect();
        refuse_clashes(&all)?;
        let changes: Vec<Override> = all.into_iter().map(|p| p.change).collect();
        let mut recipe = Recipe::from_toml(&file, &text, &changes).map_err(|e| {
            let what = if e.place.is_some() { at("recipe") } else { at("set") };
            SuiteError::from(e).and(self.place(&what))
        })?;
        let base = Recipe::from_toml(&file, &text, &[])?;
        recipe.seed = 0;
        if let Some(reason) = &entry.reason {
            recipe.reason.clone_from(reason);
        }
        let name = entry.name.clone().unwrap_or_else(|| recipe.name.clone());
        self.check_name(&name, &at(if entry.name.is_some() { "name" } else { "recipe" }))?;
        Ok(SuiteEntry { name, base, recipe })
    }

    /// File name and text of the recipe that an entry names.
    fn recipe(&self, name: &str) -> Result<(String, String), String> {
        if let Some(text) = builtin::built_in(name) {
            return Ok((name.to_owned(), text.to_owned()));
        }
        let path = self.folder.join(name);
        if !path.is_file() {
            let names = builtin::built_in_names();
            return Err(format!(
                "there is no recipe `{name}`: the built-in ones are {names}, and {} is no file",
                path.display()
            ));
        }
        Ok((path.display().to_string(), read("recipe", &path)?))
    }
}

fn read(what: &str, path: &Path) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("cannot read the {what} {}: {e}", path.display());
    let size = path.metadata().map_err(failed)?.len();
    if size > MAX_BYTES {
        return Err(format!("{} has {size} bytes, and a {what} has at most {MAX_BYTES}: is it one?", path.display()));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Refuses an override of what a suite says otherwise.
fn refuse_reserved(change: &Override, text: &str) -> Result<(), String> {
    let instead = match change.path[0].as_str() {
        "seed" => "list the seeds under `seeds`, or with --seeds",
        "name" => "give the entry a `name`",
        "reason" => "give the entry a `reason`",
        _ => return Ok(()),
    };
    Err(format!("`{text}` cannot be set in a suite: {instead}"))
}

/// Refuses two overrides of the same field, or of a field and of what holds it.
fn refuse_clashes(all: &[Placed]) -> Result<(), SuiteError> {
    for (i, second) in all.iter().enumerate() {
        for first in &all[..i] {
            if !first.change.path.iter().zip(&second.change.path).all(|(a, b)| a == b) {
                continue;
            }
            let asked =
                |p: &Placed| if p.place.is_some() { String::new() } else { " (at the command line)".to_owned() };
            let message = format!(
                "`{}`{} and `{}`{} set the same field: say which is meant by leaving one out",
                first.text,
                asked(first),
                second.text,
                asked(second)
            );
            return Err(SuiteError::new(message).and(first.place.clone()).and(second.place.clone()));
        }
    }
    Ok(())
}

/// A count of seeds from 0, or a list of them.
fn seeds(value: &Value) -> Result<Vec<u64>, String> {
    let seeds: Option<Vec<u64>> = match value {
        Value::Integer(n) => usize::try_from(*n).ok().filter(|n| *n <= MOST).map(|n| (0..n as u64).collect()),
        Value::Array(list) => list.iter().map(|v| v.as_integer().and_then(|n| u64::try_from(n).ok())).collect(),
        _ => None,
    };
    check_seeds(seeds.ok_or("seeds must be a count such as 3, or a list of whole numbers such as [0, 1, 2]")?)
}

fn check_seeds(seeds: Vec<u64>) -> Result<Vec<u64>, String> {
    if seeds.is_empty() || seeds.len() > MOST {
        return Err(format!("{} seeds cannot be: a suite has from 1 to {MOST}", seeds.len()));
    }
    if let Some(seed) = seeds.iter().find(|seed| **seed > MAX_SEED) {
        return Err(format!("seed {seed} cannot be: it must be from 0 to {MAX_SEED}"));
    }
    match seeds.iter().enumerate().find(|(i, seed)| seeds[..*i].contains(seed)) {
        Some((_, seed)) => {
            Err(format!("seed {seed} is there twice: the same run again tells nothing; give each seed once"))
        }
        None => Ok(seeds),
    }
}

impl SuiteChanges {
    /// Seeds as typed: a count (`3` is 0, 1, 2), or a list with commas (`7,8`; `7,` is seed 7 alone).
    ///
    /// # Errors
    /// What is neither, or holds a seed twice.
    pub fn parse_seeds(text: &str) -> Result<Vec<u64>, String> {
        let no = || {
            format!("`{text}` is neither a count such as 3 nor a list of seeds such as 0,1,2 (`7,` is seed 7 alone)")
        };
        if !text.contains(',') {
            let count: i64 = text.trim().parse().map_err(|_| no())?;
            return seeds(&Value::Integer(count));
        }
        let list = text.strip_suffix(',').unwrap_or(text);
        check_seeds(list.split(',').map(|s| s.trim().parse().map_err(|_| no())).collect::<Result<_, _>>()?)
    }
}
