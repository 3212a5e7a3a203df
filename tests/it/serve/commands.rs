//! `results serve` and `results token` as they are typed.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use super::plots::plain;
use super::{ANY_PORTS, exchange, first_line, merged, service_with};
use crate::world::signal;

#[test]
fn the_command_prints_one_link_and_stops_when_told() {
    let world = merged();
    let mut child = world
        .command(&[&["serve", "run", "merged", "--state", "state-command", "--json"], ANY_PORTS].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = first_line(&mut child);
    let address = told["address"].as_str().unwrap().parse().unwrap();
    // A build without the feature says nothing of it.
    let flight = cfg!(feature = "flight").then(|| format!("grpc://{address}"));
    assert_eq!(told["flight"].as_str(), flight.as_deref());
    let host = format!("Host: {address}");
    let link = told["sign_in"].as_str().unwrap().split_once("/login").unwrap().1.to_owned();
    let reply = super::exchange(address, &[&format!("GET /login{link} HTTP/1.1"), &host], b"");
    assert_eq!(reply.status, 303);
    let process = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("/login?code=").count(), 1, "{said}");
    assert!(flight.is_none_or(|flight| said.contains(&format!("flight: {flight} (user: any"))), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("token: rs_")).count(), 1, "{said}");
    // The second start has a token, and tells it no more.
    let token = std::fs::read_to_string(world.path("state-command/token")).unwrap();
    assert!(said.contains(token.trim()));
}

/// The command for curl that the page of a table shows to somebody.
fn curl_of(address: SocketAddr, token: &str) -> String {
    let (host, auth) = (format!("Host: {address}"), format!("Authorization: Bearer {token}"));
    let page = exchange(address, &["GET /run/merged/table/te HTTP/1.1", &host, &auth], b"").text();
    let shown = page.split("<pre tabindex=\"0\">curl").nth(1).unwrap_or_else(|| panic!("{page}"));
    plain(&format!("curl --silent{}", shown.split("</pre>").next().unwrap()))
}

#[test]
fn the_command_for_curl_works_in_any_folder_and_by_ones_own_token() {
    let world = merged();
    let mut child = world
        .command(&[&["serve", "merged", "--state", "state of curl", "--json"], ANY_PORTS].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let address = first_line(&mut child)["address"].as_str().unwrap().parse().unwrap();
    let first = std::fs::read_to_string(world.path("state of curl/token")).unwrap();
    let args = ["token", "new", "some", "--sources", "merged", "--state", "state of curl"];
    let some = world.expect(0, &args).out;
    let typed = |command: &str| {
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir("/")
            .env("RESULTS_TOKEN", some.trim())
            .output()
            .unwrap()
            .stdout
    };
    let rows = std::fs::read(world.path("merged/per_user_te.csv")).unwrap();
    let by_file = curl_of(address, first.trim());
    assert!(by_file.contains("$(cat '/") && by_file.contains("/state of curl/token')"), "{by_file}");
    assert_eq!(typed(&by_file), rows, "{by_file}");
    // Whoever has another token cannot read that file.
    let by_name = curl_of(address, some.trim());
    assert!(by_name.contains("\"Authorization: Bearer $RESULTS_TOKEN\""), "{by_name}");
    assert_eq!(typed(&by_name), rows, "{by_name}");
    signal(&child, nix::sys::signal::Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let unkept = service_with(|settings| settings.keep_token = false);
    let by_name = curl_of(unkept.address, &unkept.token);
    assert!(by_name.contains("\"Authorization: Bearer $RESULTS_TOKEN\""), "{by_name}");
}

#[test]
fn the_end_of_a_connection_stops_it_but_not_under_nohup() {
    use nix::sys::signal::Signal::{SIGHUP, SIGTERM};
    let world = merged();
    let args = [&["serve", "merged", "--state", "state-hup", "--json"], ANY_PORTS].concat();
    let start = |mut command: std::process::Command| {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let told = first_line(&mut child);
        (child, told["address"].as_str().unwrap().parse::<std::net::SocketAddr>().unwrap())
    };
    let (mut child, _) = start(world.at_a_terminal(&args));
    signal(&child, SIGHUP);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let (mut child, address) = start(world.under_nohup(&args));
    signal(&child, SIGHUP);
    let host = format!("Host: {address}");
    assert_eq!(super::exchange(address, &["GET /login HTTP/1.1", &host], b"").status, 200);
    signal(&child, SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let world = merged();
    let token = |args: &[&str]| world.run(&[&["token"], args, &["--state", "state-tokens"]].concat());
    let made = token(&["new", "anna", "--days", "30", "--sources", "k6*", "--may", "write-queries"]);
    assert!(made.code == Some(0) && made.out.starts_with("rs_") && made.out.trim().len() == 46, "{made:?}");
    let again = token(&["new", "anna"]);
    assert!(again.code == Some(2) && again.err.contains("already"), "{again:?}");
    assert_eq!(token(&["new", "an na"]).code, Some(2));
    for wrong in [["--sources", "["], ["--sources", ""], ["--sources", "out/k6"], ["--days", "0"]] {
        let refused = token(&[&["new", "berta"], &wrong[..]].concat());
        assert!(refused.code == Some(2) && refused.out.is_empty(), "{wrong:?}: {refused:?}");
    }
    let listed = token(&["list"]).out;
    assert!(
        listed.contains("anna")
            && listed.contains("k6*")
            && listed.contains(" write-queries ")
            && !listed.contains("rs_"),
        "{listed}"
    );
    assert_eq!(token(&["revoke", "anna"]).code, Some(0));
    let unknown = token(&["revoke", "anna"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("unknown token anna"), "{unknown:?}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_written() {
    let world = merged();
    for (args, part) in [
        (["--host-name", "bad name/"], "--host-name"),
        (["--state", "run/state"], "nothing is written into what is served"),
        (["--state", "merged"], "nothing is written into what is served"),
    ] {
        let refused = world.run(&[&["serve", "run", "merged"], &args[..], ANY_PORTS].concat());
        assert!(refused.code == Some(2) && refused.err.contains(part), "{args:?}: {refused:?}");
        assert!(refused.err.contains("(hint:"), "{refused:?}");
    }
    assert!(!world.path("run/state").exists() && !world.path("merged/token").exists());
}

#[test]
fn what_is_not_there_is_said() {
    let world = merged();
    std::fs::create_dir_all(world.path("nothing-in-it")).unwrap();
    world.write("no-folder", "text");
    let args =
        ["serve", "merged", "nowhere", "no-folder", "nothing-in-it", "--state", "state-warned", "--json"];
    let mut child = world
        .command(&[&args[..], ANY_PORTS].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    first_line(&mut child);
    signal(&child, nix::sys::signal::Signal::SIGTERM);
    let said = child.wait_with_output().unwrap().stderr;
    let said = String::from_utf8_lossy(&said).into_owned();
    let warnings: Vec<&str> = said.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 3, "{said}");
    for name in ["nowhere", "no-folder", "nothing-in-it"] {
        assert!(warnings.iter().any(|line| line.starts_with(&format!("warning: {name} "))), "{said}");
    }
}

/// What it says when it is started with its standard error in a file that is the system's journal, or not.
fn said_to(name: &str, is_journal: bool) -> String {
    let world = merged();
    let (file, state) = (world.path(&format!("{name}.said")), format!("state-{name}"));
    let journal = std::fs::File::create(&file).unwrap();
    let about = journal.metadata().unwrap();
    let stream = format!("{}:{}", about.dev(), about.ino() + u64::from(!is_journal));
    let mut child = world
        .command(&[&["serve", "merged", "--state", &state], ANY_PORTS].concat())
        .env("JOURNAL_STREAM", stream)
        .stdin(Stdio::null())
        .stderr(journal)
        .spawn()
        .unwrap();
    let mut said = String::new();
    while !said.contains("sign in") {
        assert!(child.try_wait().unwrap().is_none(), "{said}");
        std::thread::sleep(std::time::Duration::from_millis(10));
        said = std::fs::read_to_string(&file).unwrap();
    }
    let process = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    said
}

#[test]
fn the_journal_of_the_system_is_told_no_secret() {
    let said = said_to("journal", true);
    assert!(!said.contains("rs_") && !said.contains("code="), "{said}");
    assert!(said.contains("state-journal/token") && said.contains("results token new NAME"), "{said}");
    // A variable that is left over from elsewhere is none.
    let said = said_to("file", false);
    assert!(said.contains("token: rs_") && said.contains("/login?code="), "{said}");
}
