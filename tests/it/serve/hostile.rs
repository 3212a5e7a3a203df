//! Queries that would end a process: each ends its own and nothing else.

use super::service_with;

/// The list, which `tests/pg_clients.py` reads too.
const LIST: &str = include_str!("../../reference/hostile.sql");

/// A query that would take more than it may have.
pub(super) struct Hostile {
    pub name: &'static str,
    pub sql: String,
    /// Whether it is answered if it has the time; every other one ends with an error.
    pub has_rows: bool,
}

/// All of them.
pub(super) fn hostile() -> Vec<Hostile> {
    let mut lines = LIST.lines().skip_while(|line| !line.is_empty()).skip(1);
    let mut found = Vec::new();
    while let Some(head) = lines.next() {
        let (name, ends) = head.strip_prefix("-- ").and_then(|head| head.split_once(": ")).unwrap();
        assert!(["error", "rows"].contains(&ends), "{head}");
        found.push(Hostile { name, sql: written_out(lines.next().unwrap()), has_rows: ends == "rows" });
    }
    assert!(found.len() > 20, "{} queries", found.len());
    found
}

/// A line of the list with every `{N|TEXT|BETWEEN}` in full.
fn written_out(mut line: &str) -> String {
    let mut whole = String::new();
    while let Some((before, behind)) = line.split_once('{') {
        let (repeated, rest) = behind.split_once('}').unwrap();
        let parts: Vec<&str> = repeated.split('|').collect();
        let [times, text, between] = parts[..] else { panic!("{repeated}") };
        let one = |n: usize| text.replace('#', &n.to_string()).replace('@', &(n - 1).to_string());
        let all: Vec<String> = (1..=times.parse().unwrap()).map(one).collect();
        whole.push_str(before);
        whole.push_str(&all.join(between));
        line = rest;
    }
    whole + line
}

#[test]
fn the_list_is_written_out() {
    assert_eq!(written_out("select {3|x# - @| or };"), "select x1 - 0 or x2 - 1 or x3 - 2;");
    assert_eq!(written_out("({2|not |}1{2|)|}"), "(not not 1))");
    let names: std::collections::BTreeSet<_> = hostile().iter().map(|one| one.name).collect();
    assert_eq!(names.len(), hostile().len());
}

#[test]
#[ignore = "long"]
fn after_each_hostile_query_another_is_answered() {
    let service = service_with(|settings| {
        settings.limits.memory = 300_000_000;
        settings.limits.time = std::time::Duration::from_secs(3);
        settings.limits.flow = std::time::Duration::from_secs(6);
        settings.limits.stall = std::time::Duration::from_secs(3);
    });
    for Hostile { name, sql, has_rows } in hostile() {
        let body = serde_json::json!({"run": "merged", "sql": sql}).to_string();
        let reply = service.put("POST", "/api/v1/query", &body);
        let ending = if reply.status == 200 { "ok".into() } else { reply.problem() };
        let known = [
            "ok",
            "too-deep",
            "memory",
            "disk",
            "deadline",
            "failed",
            "invalid",
            "not-supported",
            "syntax",
            "too-large",
            "wrong-type",
        ];
        assert!(
            known.contains(&ending.as_str()),
            "{name}: {ending}: {}",
            reply.text().chars().take(500).collect::<String>()
        );
        assert!(has_rows || ending != "ok", "{name} is answered");
        let next = service.query("merged", "select 1 as n");
        assert_eq!(next.text().trim(), r#"[{"n":1}]"#, "after {name} ({ending})");
    }
    service.until("all have ended", |service| service.get("/api/v1/queries").text() == "[]");
}
