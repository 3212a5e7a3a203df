"""The page in a real browser: Debian's Chromium, driven by playwright.

usage: browser_serve.py RESULTS CHROMIUM [PICTURES [CONFIG]]

CONFIG takes the place of the preset, for a build that is not optimised

Makes a run of 40 users in two shards, kills one of its workers, watches it to its end, merges it, and walks through table,
filter, download, editor with its plot and its own Cancel, saved query, user page, plots and report. No request goes elsewhere, nothing is said on the console, and axe-core finds
nothing on any page in light and in dark.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

RESULTS = str(Path(sys.argv[1]).resolve())
CHROMIUM = sys.argv[2]
PICTURES = Path(sys.argv[3]) if len(sys.argv) > 3 else None
ANALYSIS = ["--config", str(Path(sys.argv[4]).resolve())] if len(sys.argv) > 4 else ["recommended"]

# A busy machine is slow, which is not what is tested.
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)


def run(*args, **more):
    done = subprocess.run([RESULTS, *args], capture_output=True, text=True, **more)
    assert done.returncode == 0, (args, done)
    return done.stdout


def look(page, name):
    """Nothing that keeps somebody out, in both themes; and a picture of each."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = Axe().run(page)
        broken = [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found.response["violations"]]
        assert not broken, (name, theme, broken)
        if PICTURES:
            page.screenshot(path=PICTURES / f"{name}-{theme}.png", full_page=True)
    page.emulate_media(color_scheme="light")


class Walk:
    """A signed-in browser, and what must hold on every page."""

    def __init__(self, browser, base, link):
        self.base = base
        self.context = browser.new_context(accept_downloads=True, viewport={"width": 1200, "height": 900})
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.said, self.elsewhere, self.pictures = [], [], 0
        # The answers that are no answers are asked for below.
        quiet = re.compile(r"Failed to load resource: the server responded with a status of (4|5)\d\d")
        self.page.on("console", lambda message: quiet.match(message.text) or self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked(request.url))
        self.page.goto(link)

    def asked(self, url):
        if not url.startswith((self.base, "data:")):
            self.elsewhere.append(url)

    def look(self, name):
        look(self.page, name)

    def narrow(self, name):
        self.page.set_viewport_size({"width": 320, "height": 700})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, (name, wide)
        self.page.set_viewport_size({"width": 1200, "height": 900})

    def end(self):
        assert not self.said, self.said
        assert not self.elsewhere, self.elsewhere


def workers(folder):
    """Processes that work on a share of a run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"worker" in line and any(str(folder).encode() in part for part in line):
                found.append(int(entry.name))
    return found


def until_listed(walk, name):
    """The service looks for directories every few seconds."""
    deadline = time.monotonic() + 120
    link = walk.page.get_by_role("link", name=name, exact=True)
    while walk.page.goto(walk.base) and link.count() == 0:
        assert time.monotonic() < deadline, f"{name} is not listed"
        time.sleep(0.5)


def live(walk, folder, go):
    """A run that is watched to its end, with a worker killed on the way. Its workers wait for the file `go` early in their share."""
    page = walk.page
    until_listed(walk, "run")
    page.get_by_role("link", name="run", exact=True).click()
    expect(page.get_by_role("heading", name="Where it stands")).to_be_visible()
    walk.look("live")
    walk.narrow("live")
    # Both shards are there, and what is told from now on has its place already.
    expect(page.locator("tr[data-shard]")).to_have_count(2)
    top = "document.querySelector('#tables').getBoundingClientRect().top"
    page.evaluate("window.scrollTo(0, 40)")
    before = (page.evaluate("window.scrollY"), page.evaluate(top))
    done = page.locator("section [data-live=done]").first
    first = int(done.inner_text().replace(",", ""))
    killed = workers(folder)[:1]
    assert killed, "no worker of the run is found"
    os.kill(killed[0], signal.SIGKILL)
    expect(page.locator("[data-mishaps] li").first).to_contain_text("restarted")
    expect(page.locator("[data-live=restarts]").get_by_text("1", exact=True)).to_be_visible()
    assert (page.evaluate("window.scrollY"), page.evaluate(top)) == before, "the page moved under the reader"
    # Rows of a run that goes on.
    other = walk.context.new_page()
    other.goto(f"{walk.base}/run/run/table/users")
    expect(other.get_by_text(re.compile("^As of .* units"))).to_be_visible()
    look(other, "live-table")
    other.close()
    go.touch()
    expect(page.locator("[data-live=told]")).to_have_text("The run is complete.", timeout=900_000)
    expect(page.get_by_role("link", name="Show the page of the whole run")).to_be_visible()
    expect(done).to_have_text("40")
    assert first < 40, "the run was over before it was looked at"
    assert (page.evaluate("window.scrollY"), page.evaluate(top)) == before, "the page moved under the reader"
    page.reload()
    expect(page.get_by_text("results merge --shards run")).to_be_visible()
    walk.look("run-complete")
    page.get_by_role("link", name="log of shard 0").click()
    expect(page.get_by_role("heading", name="Log of shard 0")).to_be_visible()
    walk.look("log")


def tables(walk, merged):
    page = walk.page
    page.goto(f"{walk.base}/run/merged")
    walk.look("merged")
    page.get_by_role("link", name="te", exact=True).click()
    walk.look("table")
    walk.narrow("table")
    page.get_by_role("link", name="TE_A2S", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("TE_A2S")
    page.get_by_role("link", name="TE_A2S", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("TE_A2S")
    cells = page.locator("tbody tr td:nth-child({})".format(1 + [
        h.split("\n")[0].split(" ")[0] for h in page.locator("thead th").all_inner_texts()
    ].index("TE_A2S"))).all_inner_texts()
    numbers = [float(cell) for cell in cells if cell != "absent"]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) > 10, numbers
    page.get_by_label("Column").select_option("tau")
    page.get_by_label("Value").fill("1")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("list", name="Filters")).to_contain_text("tau")
    assert "where=tau.eq.1" in page.url and "sort=-TE_A2S" in page.url, page.url
    address = page.url
    page.goto(f"{walk.base}/run/merged/table/te")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    written = (merged / "per_user_te.csv").read_bytes()
    assert Path(started.value.path()).read_bytes() == written
    page.goto(address)
    page.get_by_role("link", name="As SQL").click()
    expect(page.get_by_role("status")).to_contain_text("40 rows")


def cancel(walk, audit):
    """The editor's own button ends a query. The page presses it by itself as soon as the query is at work: from here nothing can be
    pressed while it waits for its answer."""
    page = walk.page
    sql = "with recursive t(n) as (select 1 union all select n + 1 from t where n < 1000000000) select min(n) from t"
    page.get_by_label("Query", exact=True).fill(sql)
    page.evaluate("""sql => {
        const button = document.querySelector("[data-cancel]");
        const look = async () => {
            const all = await (await fetch("/api/v1/queries")).json();
            if (!all.some(query => query.sql === sql)) { setTimeout(look, 100); return; }
            document.body.dataset.pressed = button.hidden ? "hidden" : "shown";
            button.click();
        };
        look();
    }""", sql)
    page.get_by_role("button", name="Ask").click(no_wait_after=True)
    expect(page.locator("body[data-pressed=shown]")).to_have_count(1)
    expect(page.locator("[data-cancel]")).to_be_hidden()
    expect(page.get_by_label("Query", exact=True)).to_have_value(sql)
    deadline = time.time() + 50
    while not (ends := [line["ending"] for line in map(json.loads, audit.read_text().split("\n")[:-1]) if line.get("sql") == sql]):
        assert time.time() < deadline, "the query goes on"
        time.sleep(0.2)
    assert ends == ["cancelled"], ends


def editor(walk, audit):
    page = walk.page
    query = page.get_by_label("Query", exact=True)
    query.fill("select user_id, tau,\n TE_A2S from te )")
    query.press("Control+Enter")
    expect(page.get_by_text("Line 2, column")).to_be_visible()
    walk.look("wrong")
    # The names come when the word has been typed already.
    page.route("**/tables", lambda route: (time.sleep(1), route.continue_()))
    query.fill("")
    query.type("select TE_A")
    expect(page.get_by_role("listbox")).to_contain_text("TE_A2S")
    page.unroute("**/tables")
    query.press("Tab")
    expect(query).to_have_value("select TE_A2S")
    query.type(" from te where user_id = $user")
    query.press("Control+Enter")
    expect(page.get_by_text("which has no value")).to_be_visible()
    page.get_by_label("$user").fill("P0001")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("status")).to_contain_text("rows in")
    assert "p.user=P0001" in page.url
    walk.look("answer")
    query.fill("with recursive t(n) as (select 1 union all select n + 1 from t where n < 1000000000) select max(n) from t")
    page.get_by_role("button", name="Ask").click(no_wait_after=True)
    # While a page waits for its answer it answers nobody else: the query is ended from another tab.
    other = walk.context.new_page()
    # It has a minute before the service ends it.
    deadline = time.time() + 50
    while other.goto(f"{walk.base}/queries") and other.get_by_role("button", name="Cancel").count() == 0:
        assert time.time() < deadline, "the query is not at work"
        time.sleep(0.2)
    other.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_text("the query was cancelled")).to_be_visible()
    other.close()
    cancel(walk, audit)
    page.goto(f"{walk.base}/sql?run=merged")
    query.fill("select array_length(array_agg(n)) as n from (select unnest(range(1, 200000000)) as n)")
    query.press("Control+Enter")
    expect(page.get_by_text("--query-memory")).to_be_visible()
    page.get_by_text("Asked before, in this browser").click()
    expect(page.locator("[data-history] button").first).to_contain_text("array_agg")
    query.fill("-- How many tests a user has\nselect user_id, count(*) as tests from tests group by user_id order by user_id")
    query.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("40 rows")
    page.get_by_label("Save as").fill("tests_a_user")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="tests_a_user")).to_be_visible()
    walk.look("saved")
    page.get_by_role("link", name="merged").click()
    expect(page.get_by_role("status")).to_contain_text("40 rows")


def plots(walk):
    """The list, a plot with a parameter, what is saved of it, and the editor's own."""
    page = walk.page
    page.goto(f"{walk.base}/run/merged")
    page.get_by_role("link", name="Plots", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plots")
    expect(page.get_by_text("needs the table control")).to_be_visible()
    walk.look("plots")
    walk.narrow("plots")
    page.get_by_role("link", name="Are the p-values flat where nothing is coupled?").click()
    picture = page.get_by_role("img", name="Are the p-values flat")
    expect(picture).to_be_visible()
    # The colours are those of the page: without its style a picture is black.
    assert page.locator("svg.plot .c0").first.evaluate("mark => getComputedStyle(mark).fill") == "rgb(0, 114, 178)"
    walk.look("plot")
    walk.narrow("plot")
    page.get_by_label("bins").fill("4")
    page.get_by_role("button", name="Draw").click()
    expect(page).to_have_url(re.compile(r"p\.bins=4"))
    expect(picture).to_be_visible()
    page.get_by_text("Rows", exact=True).click()
    expect(page.get_by_role("region", name="Rows of the plot")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="rows as CSV").click()
    rows = Path(started.value.path()).read_text().splitlines()
    assert rows[0].startswith("measure,direction,low,high") and len(rows) > 4, rows
    with page.expect_download() as started:
        page.get_by_role("link", name="SVG").click()
    assert Path(started.value.path()).read_text().startswith("<svg ")
    page.get_by_text("SQL", exact=True).last.click()
    page.get_by_role("link", name="Open in the editor").click()
    # The page before has the same picture.
    expect(page).to_have_url(re.compile(r"/sql\?.*p\.bins=4"))
    expect(page.get_by_role("img", name="Are the p-values flat")).to_be_visible()
    query = page.get_by_label("Query", exact=True)
    query.fill("select user_id, n_samples, state from users order by n_samples")
    query.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("40 rows")
    page.get_by_text("Draw it").click()
    for key, column in (("mark", "bar"), ("x", "n_samples"), ("y", "user_id"), ("color", "state")):
        page.get_by_role("form", name="Draw the answer").get_by_label(key, exact=True).select_option(column)
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_role("img", name="What does the query find?")).to_be_visible()
    expect(query).to_have_value(re.compile("-- mark: bar\n-- x: n_samples"))
    walk.look("drawn")
    walk.narrow("drawn")


def report(walk):
    """The report opens, and is saved."""
    page = walk.page
    page.goto(f"{walk.base}/run/merged/users")
    user = page.locator("ul.columns a").first.inner_text()
    page.goto(f"{walk.base}/run/merged")
    with page.expect_download() as started:
        page.get_by_role("button", name="Save", exact=True).click()
    saved = Path(started.value.path()).read_bytes()
    assert started.value.suggested_filename == "merged-report.html", started.value.suggested_filename
    page.goto(f"{walk.base}/run/merged")
    page.get_by_label("in place of ids").check()
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page).to_have_url(re.compile("hide-users=1"))
    expect(page.get_by_role("heading", name="Findings by measure")).to_be_visible()
    assert user not in page.content() and "u001" in page.content()
    page.goto(f"{walk.base}/run/merged/report")
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "1056px", "the report has no style"
    assert user.encode() in saved and len(saved) > 100_000
    walk.look("report")
    walk.narrow("report")


def user(walk):
    page = walk.page
    page.goto(f"{walk.base}/run/run/users")
    walk.look("users")
    page.locator("ul.columns a").nth(1).click()
    # Of the page of the user, and not of the one before.
    expect(page.get_by_role("heading", name="Tests")).to_be_visible()
    name = page.get_by_role("heading", level=1).inner_text()
    expect(page.get_by_role("img", name="Where do the values of a person lie")).to_be_visible()
    expect(page.get_by_role("img", name="Which days and hours of a person are missing?")).to_be_visible()
    walk.look("user")
    walk.narrow("user")
    page.get_by_role("link", name="Next user").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(name)
    page.get_by_role("link", name="Previous user").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    for path, words in (("/run/merged/table/tee", "is it te?"), ("/nothing", "lists what is served")):
        page.goto(walk.base + path)
        expect(page.get_by_text(words)).to_be_visible()
    walk.look("problem")
    page.goto(f"{walk.base}/queries")
    walk.look("queries")


def without_script(browser, base, cookies):
    """Everything but what is live works."""
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{base}/run/merged/table/te?sort=-TE_A2S")
    page.get_by_label("Column").select_option("tau")
    page.get_by_label("Value").fill("1")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("list", name="Filters")).to_contain_text("tau")
    page.goto(f"{base}/sql?run=merged")
    page.get_by_label("Query", exact=True).fill("select count(*) as n from users")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("tbody").last).to_have_text("40")
    page.get_by_text("Draw it").click()
    form = page.get_by_role("form", name="Draw the answer")
    for key in ("x", "y"):
        form.get_by_label(key, exact=True).select_option("n")
    form.get_by_role("button", name="Draw").click()
    expect(page.get_by_role("img", name="What does the query find?")).to_be_visible()
    page.goto(f"{base}/run/merged/plot/p_histogram?p.bins=4")
    expect(page.get_by_role("img", name="Are the p-values flat")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto(base)
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    context.close()


def strangers(browser, base):
    """What those see who are not signed in."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    assert page.goto(base).status == 401
    look(page, "stranger")
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("Token")).to_be_visible()
    look(page, "login")
    page.get_by_label("Token").fill("rs_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    context.close()


def main():
    if PICTURES:
        PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run("demo", "--users", "40", "--data-only", "--out", str(folder / "demo"))
        out = folder / "out"
        out.mkdir()
        # Each worker waits before its third user until it may go on: the run is looked at while it goes on, on a slow machine too.
        go = folder / "go"
        work = subprocess.Popen(
            [RESULTS, "run", *ANALYSIS, "--data", str(folder / "demo" / "data"), "--out", str(out / "run"), "--shards", "2"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "RESULTS_FAILPOINT": f"unit@3||wait|{go}"},
        )
        served = subprocess.Popen(
            [RESULTS, "serve", str(out), "--listen", "0", "--state", str(folder / "state"), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        try:
            told = json.loads(served.stdout.readline())
            deadline = time.time() + 120
            while not (out / "run" / "run.yaml").exists() or not list((out / "run" / "_status").glob("*.json")):
                assert time.time() < deadline, "the run does not begin"
                time.sleep(0.1)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                walk = Walk(browser, told["web"], told["sign_in"])
                expect(walk.page.get_by_role("heading", name="Runs and merged results")).to_be_visible()
                live(walk, out / "run", go)
                assert work.wait(timeout=300) == 0
                run("merge", "--shards", str(out / "run"), "--output", str(out / "merged"))
                until_listed(walk, "merged")
                walk.look("list")
                walk.narrow("list")
                tables(walk, out / "merged")
                editor(walk, folder / "state" / "audit.ndjson")
                plots(walk)
                report(walk)
                user(walk)
                walk.end()
                without_script(browser, told["web"], walk.context.cookies())
                strangers(browser, told["web"])
                browser.close()
        finally:
            go.touch()
            for process in (served, work):
                if process.poll() is None:
                    process.terminate()
                    process.wait(timeout=30)
        assert served.returncode == 0, served.returncode
    print("the page works in a browser")


main()
