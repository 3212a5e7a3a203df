//! A service that nobody asks.

use std::time::{Duration, Instant};

use super::data::Data;
use super::process::worked;
use super::say;
use super::service::{Service, state};

pub(crate) fn idle(data: &Data) {
    let merged = format!("{}/merged", data.demo());
    state(data);
    let service = Service::start(data, &[&merged]);
    service.get("/");
    std::thread::sleep(Duration::from_secs(5));
    let (before, since) = (worked(service.id(), true), Instant::now());
    std::thread::sleep(Duration::from_secs(30));
    let share = (worked(service.id(), true) - before) / since.elapsed().as_secs_f64() * 100.0;
    let found = format!("{:.0} MB, {share:.2} % of a core", service.memory());
    say("idle, one source, with its children", &found, "60 MB, 0.2 % of a core");
}
