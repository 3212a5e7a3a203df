//! Queries that would end a process: each ends its own and nothing else.

use super::service_with;

/// Hostile queries, with how each may end.
pub(super) fn hostile() -> Vec<(&'static str, String)> {
    let chain = |n: usize, part: &str, with: &str| vec![part; n].join(with);
    let mut ctes = String::from("with t0 as (select 1 as n)");
    for n in 1..60 {
        ctes.push_str(&format!(", t{n} as (select a.n from t{} a cross join t{} b)", n - 1, n - 1));
    }
    vec![
        ("or", format!("select 1 where {}", chain(10_000, "1 = 2", " or "))),
        ("union", chain(2_000, "select 1", " union all ")),
        ("casts", format!("select 1{}", "::int".repeat(3_000))),
        ("plus", format!("select {}", chain(20_000, "1", " + "))),
        ("parentheses", format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000))),
        ("ctes", format!("{ctes} select count(*) from t59")),
        ("repeat", "select length(repeat('x', 2000000000)) as n".into()),
        ("lpad", "select length(lpad('x', 2000000000, 'y')) as n".into()),
        ("range", "select count(*) as n from (select unnest(range(1, 100000000000)) as n)".into()),
        ("series", "select count(*) as n from generate_series(1, 1000000000000)".into()),
        ("text", "select length(string_agg(repeat('x', 1000000), '')) as n from (select unnest(range(1, 100000)) as n)".into()),
        ("cross", "select count(*) as n from (select unnest(range(1, 1000000)) as a) x cross join (select unnest(range(1, 1000000)) as b) y cross join (select unnest(range(1, 1000000)) as c) z".into()),
        ("parts", format!("select {}now(){}", "date_part('year', ".repeat(300), ")".repeat(300))),
        ("not", format!("select {} true", "not ".repeat(5_000))),
        ("case", format!("select {} 1 {}", "case when true then ".repeat(500), "end ".repeat(500))),
        ("in", format!("select 1 where 1 in ({})", chain(50_000, "1", ", "))),
    ]
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
    for (name, sql) in hostile() {
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
        let next = service.query("merged", "select 1 as n");
        assert_eq!(next.text().trim(), r#"[{"n":1}]"#, "after {name} ({ending})");
    }
    service.until("all have ended", |service| service.get("/api/v1/queries").text() == "[]");
}
