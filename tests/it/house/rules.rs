//! The rules of the house.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::File;

/// Longest file and longest function, tests left aside.
const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 70;
/// Tests from here on have a file of their own.
const TESTS_OF_THEIR_OWN: usize = 100;

/// Lines of a file of tests below which it belongs into the file that it tests, where it takes more.
const FEW_TESTS: usize = 80;

/// Imports of imports that are followed.
const DEEPEST: usize = 8;

/// A text that may stand in few places only.
struct Kept {
    /// The text, if a line has it.
    finds: fn(&str) -> Option<&'static str>,
    /// Rooms that are looked at; all if none is named.
    rooms: &'static [&'static str],
    /// Rooms and files where it may stand.
    home: &'static [&'static str],
    instead: &'static str,
}

const KEPT: &[Kept] = &[
    Kept {
        finds: |line| any(line, &["finished_us", ".basis"]),
        rooms: &[],
        home: &["attempts/", "store/", "run/worker.rs", "legacy/import.rs"],
        instead: "ask `Attempts` which attempt counts",
    },
    Kept {
        finds: |line| any(line, &["\"attempt_id\"", "\"users\""]),
        rooms: &[],
        home: &["schema/", "store/"],
        instead: "ask `schema::columns` for columns, `TableSchema::made_of` for what is special about a table",
    },
    Kept {
        finds: |line| {
            any(
                line,
                &[
                    "\"stratified_cte\"",
                    "\"stratified_te\"",
                    "\"global_te\"",
                    "\"true_cte\"",
                    "AnalysisMode::",
                ],
            )
        },
        rooms: &[],
        home: &["measures/", "config/model.rs"],
        instead: "walk `measures::all()`",
    },
    Kept {
        finds: |line| any(line, &["std::fs", "File::"]),
        rooms: &["attempts", "tables", "sql", "merge", "run", "compact", "sorted"],
        home: &["run/launchers/log.rs", "merge/place.rs", "merge/parts/files.rs"],
        instead: "go through `Storage`",
    },
    Kept {
        finds: |line| any(line, &["SortedFile", "SortedRows::open"]),
        rooms: &[],
        home: &["tables/", "sorted/", "attempts/", "compact/"],
        instead: "ask `tables` for the rows of a table",
    },
    Kept {
        finds: |line| any(line, &["crate::sql", "crate::tables", "crate::export", "datafusion", "parquet::"]),
        rooms: &["serve"],
        home: &["serve/answer/child/"],
        instead: "have a child answer it: the serving process never plans SQL",
    },
    Kept {
        finds: |line| any(line, &["arrow::"]),
        rooms: &["serve"],
        home: &["serve/answer/child/", "serve/desk/shape.rs", "serve/flight/", "serve/pg/"],
        instead: "values are a child's, or of a door whose messages are made of them",
    },
    Kept {
        finds: |line| any(line, &["tonic", "arrow_flight", "prost"]),
        rooms: &["serve"],
        home: &["serve/flight/"],
        instead: "the protocol is one door's",
    },
    Kept {
        finds: |line| any(line, &["pgwire", "arrow_pg"]),
        rooms: &["serve"],
        home: &["serve/pg/", "serve/answer/child/pg/"],
        instead: "the protocol is one door's",
    },
    Kept {
        finds: |line| any(line, &["axum", "hyper", "tower::"]),
        rooms: &["serve"],
        home: &["serve/web/", "serve/flight/", "serve/server.rs"],
        instead: "access, catalog and answer know no protocol",
    },
    Kept { finds: is_no, rooms: &[], home: &[], instead: "say `not found`, `unknown x` or `isn't a y`" },
];

/// The text that stands in the line; one that begins with a letter is no end of a longer word.
fn any(line: &str, texts: &[&'static str]) -> Option<&'static str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |text: &str| {
        let mut places = line.match_indices(text);
        places.any(|(at, _)| !(text.starts_with(is_word) && line[..at].ends_with(is_word)))
    };
    texts.iter().find(|text| stands(text)).copied()
}

/// Words that no message has, in a literal.
fn is_no(line: &str) -> Option<&'static str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |words: &str| {
        line.match_indices(words).any(|(at, text)| {
            let (before, after) = (&line[..at], &line[at + text.len()..]);
            before.contains('"')
                && !before.ends_with(is_word)
                && !before.to_lowercase().ends_with("there ")
                && !after.starts_with(is_word)
        })
    };
    ["is no", "is none", "are no"].into_iter().find(|words| stands(words))
}

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Broken {
    pub rule: &'static str,
    pub room: String,
    /// Where, what, and what to do instead.
    pub words: String,
}

/// The sources, and who imports whom.
pub(crate) struct House {
    files: Vec<File>,
    modules: BTreeMap<String, usize>,
    floors: BTreeMap<String, u32>,
}

impl House {
    pub(crate) fn new(architecture: &str, sources: &[(String, String)]) -> Self {
        let mut files: Vec<File> = sources.iter().map(|(path, text)| File::new(path, text)).collect();
        let helpers: Vec<String> = files.iter().flat_map(test_modules).collect();
        for file in &mut files {
            let below = |helper: &String| file.module.strip_prefix(helper.as_str());
            file.test |=
                helpers.iter().filter_map(below).any(|rest| rest.is_empty() || rest.starts_with("::"));
        }
        let mut modules = BTreeMap::new();
        for (at, file) in files.iter().enumerate() {
            modules.insert(file.module.clone(), at);
            modules.extend(file.inside.iter().map(|(_, _, name)| (name.clone(), at)));
        }
        Self { files, modules, floors: floors(architecture) }
    }

    /// The file in which a path ends.
    fn resolve(&self, module: &str, path: &[String], depth: usize) -> Option<usize> {
        let (mut at, mut here) = (0, module.to_owned());
        let first = path.first()?.as_str();
        if depth > DEEPEST {
            return None;
        }
        if first == "crate" || first == "self" {
            at = 1;
            if first == "crate" {
                here = here.split("::").next()?.to_owned();
            }
        } else if first.starts_with("results") && self.modules.contains_key(first) {
            (at, here) = (1, first.to_owned());
        } else if first != "super" && !self.has(&here, first, depth + 1) {
            return None;
        }
        while let Some(name) = path.get(at) {
            let below = format!("{here}::{name}");
            if name == "super" {
                here = here.rsplit_once("::")?.0.to_owned();
            } else if self.modules.contains_key(&below) {
                here = below;
            } else if let Some((from, mut target)) = self.passed(&here, name, depth) {
                target.extend_from_slice(&path[at + 1..]);
                return self.resolve(&from, &target, depth + 1);
            } else {
                break;
            }
            at += 1;
        }
        self.modules.get(&here).copied()
    }

    /// Whether a module has a name of ours: a module below it, or one it imports.
    fn has(&self, module: &str, name: &str, depth: usize) -> bool {
        self.modules.contains_key(&format!("{module}::{name}")) || self.passed(module, name, depth).is_some()
    }

    /// What a module imports under a name, by name or with all names.
    fn passed(&self, module: &str, name: &str, depth: usize) -> Option<(String, Vec<String>)> {
        if depth > DEEPEST {
            return None;
        }
        let file = &self.files[*self.modules.get(module)?];
        let imports = file.imports.get(module)?;
        if let Some(found) = imports.iter().find(|import| import.name == name && import.path != [name]) {
            return Some((module.to_owned(), found.path.clone()));
        }
        if file.defines.contains(name) {
            return None;
        }
        for all in imports.iter().filter(|import| import.name == "*") {
            let target = self.files.get(self.resolve(module, &all.path, depth + 1)?)?;
            let names = target.imports.get(&target.module).into_iter().flatten();
            if target.defines.contains(name) || names.into_iter().any(|import| import.name == name) {
                return Some((module.to_owned(), [&all.path[..], &[name.to_owned()]].concat()));
            }
        }
        None
    }

    /// Who imports whom: from, to, line. Names that are only passed on are no imports.
    fn edges(&self) -> BTreeMap<(usize, usize), usize> {
        let mut edges = BTreeMap::new();
        for (from, file) in self.files.iter().enumerate().filter(|(_, file)| !file.test) {
            let uses = file.imports.iter().flat_map(|(module, all)| all.iter().map(move |one| (module, one)));
            let uses = uses.filter(|(_, one)| !one.passed_on || file.uses_name(&one.name));
            let uses = uses.map(|(module, one)| (module, &one.path, one.line));
            for (module, path, line) in uses.chain(file.paths.iter().map(|(m, path, line)| (m, path, *line)))
            {
                match self.resolve(module, path, 0) {
                    Some(to) if to != from && !self.files[to].test => edges.entry((from, to)).or_insert(line),
                    _ => continue,
                };
            }
        }
        edges
    }

    /// Room of a file: its folder, or the file itself.
    fn room(&self, at: usize) -> &str {
        let module = self.files[at].module.as_str();
        let module = module.split_once("::").map_or("", |(_, inside)| inside);
        module.split("::").next().unwrap_or_default()
    }

    fn is_root(&self, at: usize) -> bool {
        matches!(self.room(at), "" | "main" | "build")
    }

    /// Every place where a rule is broken.
    pub(crate) fn broken(&self) -> BTreeSet<Broken> {
        let edges = self.edges();
        let broken = |rule, found: Vec<(String, String)>| {
            found.into_iter().map(move |(room, words)| Broken {
                rule,
                room,
                words: format!("{words} [{rule}]"),
            })
        };
        broken("table", self.unlisted())
            .chain(broken("floors", self.upward(&edges)))
            .chain(broken("circles", self.circles(&edges)))
            .chain(broken("sizes", self.sizes()))
            .chain(broken("tests", self.tests()))
            .chain(broken("one home", self.texts()))
            .collect()
    }

    fn unlisted(&self) -> Vec<(String, String)> {
        let there = (0..self.files.len()).filter(|&at| !self.is_root(at)).map(|at| self.room(at).to_owned());
        let there: BTreeSet<String> = there.collect();
        let new = there.iter().filter(|room| !self.floors.contains_key(*room));
        let new =
            new.map(|room| (room, "a room without a floor: give it a row in the table of ARCHITECTURE.md"));
        let gone = self.floors.keys().filter(|room| !there.contains(*room));
        let gone = gone.map(|room| (room, "a row in the table of ARCHITECTURE.md without a room: remove it"));
        new.chain(gone).map(|(room, words)| (room.clone(), format!("{room}: {words}"))).collect()
    }

    fn upward(&self, edges: &BTreeMap<(usize, usize), usize>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (&(from, to), line) in edges {
            let (room, other) = (self.room(from), self.room(to));
            let (Some(floor), Some(below)) = (self.floors.get(room), self.floors.get(other)) else {
                continue;
            };
            let single = self.files[to].path.ends_with(&format!("src/{other}.rs"));
            let ground = *floor == 0 && *below == 0 && (single || (room, other) == ("schema", "config"));
            if room != other && floor <= below && !ground {
                let (path, other_path) = (&self.files[from].path, &self.files[to].path);
                let words = format!(
                    "{path}:{line}: `{room}` (floor {floor}) imports {other_path} (floor {below}): rooms import lower floors only; move what both need below both"
                );
                found.push((room.to_owned(), words));
            }
        }
        found
    }

    fn circles(&self, edges: &BTreeMap<(usize, usize), usize>) -> Vec<(String, String)> {
        let named = |at: usize| self.files[at].path.as_str();
        let rooms = edges.keys().filter(|(a, b)| !self.is_root(*a) && !self.is_root(*b));
        let rooms = circles(rooms.map(|&(a, b)| (self.room(a), self.room(b)))).into_iter().map(|circle| {
            let words =
                format!("{}: a circle of rooms: one of them must not know the next", circle.join(", "));
            (circle[0].to_owned(), words)
        });
        let files = circles(edges.keys().map(|&(a, b)| (named(a), named(b)))).into_iter().map(|circle| {
            let within =
                edges.iter().filter(|((a, b), _)| [a, b].iter().all(|at| circle.contains(&named(**at))));
            let imports =
                within.map(|(&(a, b), line)| format!("\n    {}:{line} imports {}", named(a), named(b)));
            let (first, count) = (circle[0], circle.len());
            let words =
                format!("{first}: a circle of {count} files: move what both need to a file of its own");
            let room = self.room(self.files.iter().position(|file| file.path == first).unwrap_or_default());
            (room.to_owned(), words + &imports.collect::<String>())
        });
        rooms.chain(files).collect()
    }

    fn sizes(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (at, file) in self.files.iter().enumerate().filter(|(_, file)| !file.test) {
            let (path, length) = (&file.path, file.length());
            if length > LONGEST_FILE {
                found.push((
                    at,
                    format!("{path}:1: {length} lines, {LONGEST_FILE} at most: a file is one idea, split it"),
                ));
            }
            for (name, line, length) in file.functions().into_iter().filter(|f| f.2 > LONGEST_FUNCTION) {
                let words =
                    format!("`{name}` has {length} lines, {LONGEST_FUNCTION} at most: give its steps names");
                found.push((at, format!("{path}:{line}: {words}")));
            }
        }
        found.into_iter().map(|(at, words)| (self.room(at).to_owned(), words)).collect()
    }

    fn tests(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (at, file) in self.files.iter().enumerate() {
            let path = &file.path;
            if path.contains("/tests/") {
                let words = "a folder of tests: they lie inside the file they test or in tests.rs beside it";
                found.push((at, format!("{path}:1: {words}")));
            }
            // A mod.rs holds none, however few they are.
            let tested = path.strip_suffix("/tests.rs").map(|stem| format!("{stem}.rs"));
            let lines = file.text.lines().count();
            if let Some(tested) = tested.filter(|_| lines < FEW_TESTS)
                && self.files.iter().any(|file| file.path == tested)
            {
                found.push((at, format!("{path}:1: {lines} lines of tests: move them into {tested}")));
            }
            for (from, to) in &file.tests {
                let (length, own) = (to + 1 - from, own_tests(path));
                if path.ends_with("/mod.rs") {
                    found.push((at, format!("{path}:{from}: tests in a mod.rs: move them to {own}")));
                } else if length >= TESTS_OF_THEIR_OWN {
                    found.push((at, format!("{path}:{from}: {length} lines of tests: move them to {own}")));
                }
            }
        }
        found.into_iter().map(|(at, words)| (self.room(at).to_owned(), words)).collect()
    }

    fn texts(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (at, file) in self.files.iter().enumerate().filter(|(_, file)| !file.path.contains("tests")) {
            let place = file.path.split_once("src/").map_or("", |(_, place)| place);
            for kept in KEPT {
                let elsewhere = !kept.rooms.is_empty() && !kept.rooms.contains(&self.room(at));
                if elsewhere || kept.home.iter().any(|home| place.starts_with(home)) {
                    continue;
                }
                let lines = file.text.lines().enumerate().filter(|(_, line)| !line.contains("tests"));
                for (number, text) in lines.filter_map(|(n, line)| Some((n + 1, (kept.finds)(line)?))) {
                    let (path, home) = (&file.path, kept.home.join(", "));
                    let home = if home.is_empty() { "nowhere".to_owned() } else { format!("in {home} only") };
                    found.push((at, format!("{path}:{number}: `{text}` stands {home}: {}", kept.instead)));
                }
            }
        }
        found.into_iter().map(|(at, words)| (self.room(at).to_owned(), words)).collect()
    }
}

/// Modules a file declares for tests: `#[cfg(test)] mod x;`.
fn test_modules(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|two| two[0].starts_with("#[cfg(") && two[0].contains("test"));
    let names = declared.filter_map(|two| two[1].rsplit_once("mod ")?.1.strip_suffix(';'));
    names.map(|name| format!("{}::{name}", file.module)).collect()
}

fn own_tests(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    format!("{}/tests.rs", stem.strip_suffix("/mod").unwrap_or(stem))
}

/// Rooms and floors: lines `| floor | `room` | …` of the page.
fn floors(architecture: &str) -> BTreeMap<String, u32> {
    let rows = architecture.lines().filter_map(|line| {
        let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
        let floor = cells.next()?.parse().ok()?;
        Some((
            cells.next()?.trim_matches('`').trim_end_matches('/').trim_end_matches(".rs").to_owned(),
            floor,
        ))
    });
    rows.collect()
}

/// Groups whose members reach each other.
fn circles<'a>(edges: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Vec<&'a str>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in edges.filter(|(from, to)| from != to) {
        next.entry(from).or_default().insert(to);
    }
    let reach = |start: &'a str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(at) = open.pop() {
            open.extend(next.get(at).into_iter().flatten().filter(|to| seen.insert(**to)));
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|at| (*at, reach(at))).collect();
    let mut found = BTreeSet::new();
    for (at, seen) in reached.iter().filter(|(at, seen)| seen.contains(*at)) {
        let back = |to: &&&str| reached.get(**to).is_some_and(|seen| seen.contains(at));
        found.insert(seen.iter().filter(back).copied().collect::<Vec<_>>());
    }
    found.into_iter().collect()
}
