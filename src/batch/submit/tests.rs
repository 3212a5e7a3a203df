use std::sync::Arc;

use super::*;
use crate::batch::load::{engine, engine_names};
use crate::batch::record::submissions;
use crate::batch::script::MergeParts;
use crate::config::Config;
use crate::schema::Schemas;
use crate::store::{MemoryStorage, NewRun, Storage};

fn run() -> Run {
    run_at(Arc::new(MemoryStorage::new()), |_| ())
}

fn run_at(storage: Arc<dyn Storage>, set: impl Fn(&mut Config)) -> Run {
    let mut config: Config =
        serde_json::from_str(include_str!("../../../tests/reference/dataset_config.json")).unwrap();
    set(&mut config);
    let schemas = Schemas::load(None).unwrap();
    let new = NewRun {
        config: &config,
        units: Vec::new(),
        shards: 25,
        only_shards: Vec::new(),
        schemas: &schemas,
        data_folder: "/data".into(),
        control: None,
    };
    Run::create_or_join(storage, &new).unwrap()
}

fn wish() -> Wish {
    Wish {
        pack: 2,
        threads: 3,
        memory: Some(2_000_000_000),
        time: Some(Duration::from_mins(95)),
        partition: Some("long one".into()),
        account: Some("it's $(mine)".into()),
        merge: Some("/results/merged".into()),
        parts: None,
        container: None,
    }
}

fn submit<'a>(engine: &'a Engine, run: &'a Run, at: &str, wish: Wish) -> Submit<'a> {
    let places = Places {
        program: "/opt/results/bin/results".into(),
        definitions: None,
        folder: "/home/ada".into(),
        run: at.into(),
        files: at.into(),
        data: "/data".into(),
        environment: Vec::new(),
    };
    let shards: Vec<u32> = (0..25).filter(|shard| *shard != 3).collect();
    Submit { engine, run, tasks: packed(&shards, wish.pack), wish, places, of: 25 }
}

fn text(preview: &Preview) -> String {
    let jobs =
        preview.jobs.iter().map(|(path, script, command)| format!("# {path}\n{script}\n$ {command}\n"));
    jobs.collect::<Vec<_>>().join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn scripts_and_commands_of_every_engine() {
    let run = run();
    for name in engine_names(None) {
        let mut engine = engine(&name, None).unwrap();
        // No scheduler of the machine that tests is asked.
        engine.limits.clear();
        let submit = submit(&engine, &run, "/results/k6 of ada", wish());
        insta::with_settings!({
            snapshot_path => "../../../tests/reference/engines",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(name, text(&submit.preview())) });
    }
}

#[test]
fn scripts_and_commands_of_a_merge_in_parts() {
    let run = run();
    for name in engine_names(None) {
        let mut engine = engine(&name, None).unwrap();
        engine.limits.clear();
        let of_parts = |stage| (stage, true);
        let mut stages = ["survey", "runs", "ranges", "write"].map(of_parts).to_vec();
        stages.insert(3, ("combine", false));
        stages.push(("together", false));
        let parts = Some(MergeParts { count: 8, stages });
        let submit = submit(&engine, &run, "/results/k6 of ada", Wish { parts, ..wish() });
        insta::with_settings!({
            snapshot_path => "../../../tests/reference/engines",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(format!("{name}-parts"), text(&submit.preview())) });
    }
}

#[test]
fn what_was_not_asked_for_stands_nowhere() {
    let run = run();
    let mut engine = engine("slurm", None).unwrap();
    engine.limits.clear();
    let wish =
        Wish { pack: 24, threads: 1, container: Some("/images/results 1.sif".into()), ..Wish::default() };
    let submit = submit(&engine, &run, "/results/k6", wish);
    let preview = submit.preview();
    assert_eq!(preview.jobs.len(), 1);
    let (_, script, command) = &preview.jobs[0];
    for absent in ["--mem", "--time", "--signal", "--partition", "--account", "--dependency", "{"] {
        assert!(!command.contains(absent), "{command}");
        assert!(absent == "{" || !script.contains(absent), "{script}");
    }
    let exec = "exec apptainer exec --bind /results/k6,/data,/home/ada '/images/results 1.sif' results run --resume ";
    assert!(script.contains(exec), "{script}");
    assert_eq!(share(&submit.tasks[0], 25), "0-2,4-24/25");
}

#[test]
fn hostile_names_and_paths_reach_the_script_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let name = "it's \"$(touch owned)\" `id` %a";
    let at = dir.path().join(name);
    std::fs::create_dir_all(at.join("_submit/0001")).unwrap();
    std::fs::write(at.join("run.yaml"), "").unwrap();
    // What is run tells its arguments.
    let program = dir.path().join("pro gram");
    // Another process writes it: whatever this one starts meanwhile would hold the file open for writing, and what is open
    // so is not run.
    let written = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$1\" >\"$0\" && chmod 755 \"$0\""])
        .arg(&program)
        .arg("#!/bin/sh\nprintf '<%s>' \"$@\"\n")
        .status()
        .unwrap();
    assert!(written.success());
    let run = run();
    for engine_name in engine_names(None) {
        let mut engine = engine(&engine_name, None).unwrap();
        engine.limits.clear();
        let mut submit = submit(&engine, &run, &at.display().to_string(), Wish { memory: None, ..wish() });
        submit.places.program.clone_from(&program);
        submit.places.folder = dir.path().to_owned();
        let tasks: Vec<String> = submit.tasks.iter().map(|shards| share(shards, 25) + "\n").collect();
        std::fs::write(at.join("_submit/0001/tasks"), tasks.concat()).unwrap();
        let scripts = submit.scripts("_submit/0001");
        let script = dir.path().join("job.sh");
        std::fs::write(&script, scripts.text(submit.steps()[0].work)).unwrap();
        let index = engine.array.first + 1;
        let said = std::process::Command::new("sh")
            .arg(&script)
            .current_dir(dir.path())
            .env(&engine.array.index, index.to_string())
            .output()
            .unwrap();
        let told = String::from_utf8(said.stdout).unwrap();
        let expected = format!("<run><--resume><{}><--threads><3><--quiet><--shard><2,4/25>", at.display());
        assert_eq!(told, expected, "{engine_name}: {}", String::from_utf8_lossy(&said.stderr));
        assert!(!dir.path().join("owned").exists());
        // The command has them as words of their own.
        let command = scripts.command(submit.steps()[0].work, &[]).command;
        assert!(
            command.iter().any(|word| word.contains("it's $(mine)")) || engine_name == "local",
            "{command:?}"
        );
    }
}

#[test]
fn a_node_that_does_not_see_the_run_says_so() {
    let run = run();
    let engine = engine("local", None).unwrap();
    let submit = submit(&engine, &run, "/no/such/run", wish());
    let script = submit.scripts("_submit/0001").text(submit.steps()[0].work);
    let said =
        std::process::Command::new("sh").arg("-c").arg(script).env("RESULTS_TASK", "0").output().unwrap();
    assert_eq!(said.status.code(), Some(1));
    let told = String::from_utf8(said.stderr).unwrap();
    assert!(
        told.starts_with("error: node ") && told.contains("does not see /no/such/run/run.yaml"),
        "{told}"
    );
}

#[test]
fn a_run_is_submitted_by_one_process_at_a_time() {
    let run = run();
    let engine = engine("local", None).unwrap();
    let submit = submit(&engine, &run, "/results/k6", wish());
    let held = run.storage().lock(LOCK, Hold::Exclusive, Duration::ZERO).unwrap().unwrap();
    let told = submit.send(Engines(None), &|_| ()).unwrap_err().to_string();
    drop(held);
    assert!(told.contains("is being submitted by another process (process "), "{told}");
    assert!(submissions(&run).unwrap().is_empty());
}

#[test]
fn paths_that_cannot_be_handed_on_are_refused() {
    let run = run();
    let fault = |name: &str, at: &str, wish: Wish| {
        let engine = engine(name, None).unwrap();
        Submit::new(&engine, &run, &Path::new(at).into(), None, wish, (&[0], 1))
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(fault("slurm", "/a\\b", Wish::default()).contains("Slurm as the place of logs"));
    assert!(fault("local", "/a\nb", Wish::default()).contains("`\\n`"));
    let image = Wish { container: Some("/i.sif".into()), ..Wish::default() };
    assert!(fault("slurm", "/a,b", image).contains("a container as a folder"));
}

#[test]
fn a_run_in_a_store_has_its_scripts_and_logs_beside_who_submits_it() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::without_locks());
    let run = run_at(storage, |config| {
        config.store.endpoint = Some("https://here:9000".into());
        config.store.region = Some("it's $(here)".into());
    });
    let mut engine = engine("slurm", None).unwrap();
    engine.limits.clear();
    let wish = Wish { merge: Some("s3://bucket/merged".into()), container: Some("/i.sif".into()), ..wish() };
    let at: Location = "s3://bucket/runs/k6".parse().unwrap();
    let submit = Submit::new(&engine, &run, &at, None, wish, (&[0, 4], 25)).unwrap();
    let files = submit.places.files.display().to_string();
    let id = blake3::hash(run.manifest().run_id.as_bytes()).to_hex()[..8].to_owned();
    assert!(files.ends_with(&format!("/k6-{id}.submit")), "{files}");
    let preview = submit.preview();
    let (path, script, command) = &preview.jobs[0];
    assert_eq!(*path, format!("{files}/_submit/0001/job-1.sh"));
    for words in [
        format!("for path in {files}/_submit/0001/tasks /i.sif; do"),
        ": \"${AWS_ENDPOINT_URL:=https://here:9000}\"; export AWS_ENDPOINT_URL\n".to_owned(),
        ": \"${AWS_REGION:=it's \\$(here)}\"; export AWS_REGION\n".to_owned(),
        "run --resume s3://bucket/runs/k6 --threads 3".to_owned(),
    ] {
        assert!(script.contains(&words), "{words}: {script}");
    }
    assert!(!script.contains("run.yaml") && !script.contains("--bind s3:"), "{script}");
    assert!(command.contains(&format!("{files}/_submit/0001/1-%a.out")), "{command}");
    let (_, merge, _) = preview.jobs.last().unwrap();
    assert!(merge.contains("merge --shards s3://bucket/runs/k6 --output s3://bucket/merged\n"), "{merge}");

    // Of two who submit at once, one has the number.
    assert!(submit.alone().unwrap().is_none());
    assert_eq!(submit.registered(1).unwrap().files, Some(files));
    let told = submit.registered(1).unwrap_err().to_string();
    assert!(told.contains("is being submitted by another process\n(hint: "), "{told}");
    assert_eq!(last_number(&run).unwrap(), 1);
}
