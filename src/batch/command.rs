//! The command that submits a job.

use super::script::Scripts;
use super::template::{filled, filled_or_empty};
use super::work::Work;

/// How a job is submitted.
pub(super) struct JobCommand {
    /// Where its script lies in the run.
    pub(super) script: String,
    pub(super) command: Vec<String>,
    /// The command reads it from standard input.
    pub(super) reads_script: bool,
}

impl Scripts<'_> {
    /// The command of a job, behind those of these ids.
    pub(super) fn command(&self, work: Work, behind: &[String]) -> JobCommand {
        let engine = self.engine;
        let stem = work.stem();
        let script = format!("{}/job-{stem}.sh", self.folder);
        let indices = self.indices(work);
        let each = |id: &String| filled_or_empty(&engine.after.each, &[("id", Some(id.into()))]);
        let after = behind.iter().map(each).collect::<Vec<_>>().join(&engine.after.between);
        let log = self.escaped(&self.in_run(&format!("{}/{stem}", self.folder)));
        let pattern = if indices.is_some() { &engine.log.array } else { &engine.log.alone };
        let values = [
            ("name", Some(self.name(work).into())),
            ("partition", self.wish.partition.as_deref().map(Into::into)),
            ("account", self.wish.account.as_deref().map(Into::into)),
            ("after", (!behind.is_empty()).then(|| after.into())),
            ("first", indices.map(|(first, _)| first.to_string().into())),
            ("last", indices.map(|(_, last)| last.to_string().into())),
            ("script", Some(self.in_run(&script).into())),
            ("log", Some(log.clone().into())),
        ];
        let log_of_option = filled_or_empty(pattern, &[("log", Some(log.into()))]);
        let o = &engine.options;
        let name = if indices.is_some() && !o.name_of_array.is_empty() { &o.name_of_array } else { &o.name };
        let mut options: Vec<String> = [name, &o.partition, &o.account, &o.after]
            .into_iter()
            .filter_map(|words| words.iter().map(|word| filled(word, &values)).collect::<Option<Vec<_>>>())
            .flatten()
            .collect();
        options.extend(
            o.log.iter().map(|word| filled_or_empty(word, &[("log", Some((&*log_of_option).into()))])),
        );
        let words = engine.submit.iter().flat_map(|word| {
            if word == "{options}" { options.clone() } else { vec![filled_or_empty(word, &values)] }
        });
        JobCommand { script, command: words.collect(), reads_script: engine.input.is_some() }
    }

    /// The name of a job, in characters that the scheduler takes.
    pub(super) fn name(&self, work: Work) -> String {
        let run =
            self.places.run.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let merge = if matches!(work, Work::Tasks(..)) { "" } else { "-merge" };
        let name = format!("results{merge}-{run}");
        let Some(allowed) = &self.engine.names else { return name };
        let is_allowed = |c: char| allowed.0.is_match(c.encode_utf8(&mut [0; 4]));
        name.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect()
    }

    /// The full path of something of the run.
    pub(super) fn in_run(&self, path: &str) -> String {
        self.places.files.join(path).display().to_string()
    }

    fn escaped(&self, path: &str) -> String {
        let escapes = &self.engine.log.escapes;
        path.chars()
            .map(|c| escapes.get(c.encode_utf8(&mut [0; 4])).cloned().unwrap_or_else(|| c.into()))
            .collect()
    }
}
